package main

import (
	"bufio"
	"errors"
	"io"
)

// maxLine is how long a line of input may be. A longer one is skipped.
const maxLine = 16 << 20

var errLong = errors.New("sessions: a line is too long")

// lines reads line by line. However long a line is, it keeps no more of it than
// maxLine, and after a long one gives the memory back.
type lines struct {
	source *bufio.Reader
	line   []byte
}

func newLines(r io.Reader) *lines { return &lines{source: bufio.NewReaderSize(r, 64<<10)} }

// next returns the next line without its end, valid until the next call. It
// returns io.EOF after the last one, and errLong for a line that was skipped.
func (l *lines) next() ([]byte, error) {
	const keep = 1 << 20
	if cap(l.line) > keep {
		l.line = nil
	}
	l.line = l.line[:0]
	long := false
	for begun := false; ; begun = true {
		part, err := l.source.ReadSlice('\n')
		if !long && len(l.line)+len(part) <= maxLine+2 {
			l.line = append(l.line, part...)
		} else {
			long, l.line = true, nil
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (begun || len(part) > 0):
		case err != nil:
			return nil, err
		}
		if long {
			return nil, errLong
		}
		return withoutEnd(l.line), nil
	}
}

// withoutEnd returns text without one line end.
func withoutEnd(text []byte) []byte {
	if n := len(text); n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	if n := len(text); n > 0 && text[n-1] == '\r' {
		text = text[:n-1]
	}
	return text
}
