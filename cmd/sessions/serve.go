package main

import (
	"bufio"
	"errors"
	"io"
	"time"

	"github.com/gosessions/sessions/internal/pyjson"
)

// serve answers every line of in with one line, which answer appends, as soon
// as it is there.
func serve(in io.Reader, out io.Writer, answer func(dst, line []byte, err error) []byte) error {
	input, output := newLines(in), bufio.NewWriter(out)
	var buffer []byte
	for {
		line, err := input.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, errLong):
			return errInput
		}
		buffer = append(answer(buffer[:0], line, err), '\n')
		if _, err := output.Write(buffer); err != nil {
			return errOutput
		}
		if err := output.Flush(); err != nil {
			return errOutput
		}
		if cap(buffer) > maxField {
			buffer = nil
		}
	}
}

var (
	errInput  = errors.New("sessions: cannot read standard input")
	errOutput = errors.New("sessions: cannot write to standard output")
)

// decodeRequest answers a line that says which token to decode, and how; base
// says what the line does not.
func decodeRequest(base *request, now func() time.Time) func(dst, line []byte, err error) []byte {
	return func(dst, line []byte, err error) []byte {
		r := *base
		if r.now.IsZero() {
			r.now = now()
		}
		var found result
		if err == nil {
			err = r.parse(line)
		}
		if err == nil && !r.hasToken {
			err = errLine
		}
		if err == nil {
			found, err = r.decode()
		}
		return appendResult(dst, found, err)
	}
}

// encodeRequest answers a line that says what to encode, and how.
func encodeRequest(base *request, now func() time.Time) func(dst, line []byte, err error) []byte {
	return func(dst, line []byte, err error) []byte {
		r := *base
		if r.now.IsZero() {
			r.now = now()
		}
		var token string
		if err == nil {
			err = r.parse(line)
		}
		if err == nil {
			token, err = r.encode()
		}
		return appendToken(dst, token, err)
	}
}

// appendToken appends the line that is printed for a request to encode.
func appendToken(dst []byte, token string, err error) []byte {
	name, text := "token", token
	if err != nil {
		name, text = "error", message(err)
	}
	dst = append(append(append(dst, `{"`...), name...), `":`...)
	quoted, err := pyjson.AppendString(dst, text, true)
	if err != nil {
		return append(dst, `""}`...)
	}
	return append(quoted, '}')
}
