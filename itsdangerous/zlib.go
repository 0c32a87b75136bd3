package itsdangerous

import (
	"bytes"
	"encoding/base64"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
)

// level is the compression level. Higher levels take at least a third longer
// and hardly shorten a session of a few KiB.
const level = 5

// deflater is a zlib writer and the buffer that it writes to. A writer holds
// about a megabyte, so deflaters are pooled.
type deflater struct {
	stream bytes.Buffer
	writer *zlib.Writer
}

var deflaters = sync.Pool{New: func() any {
	d := &deflater{}
	// The only possible error is an invalid level.
	d.writer, _ = zlib.NewWriterLevel(&d.stream, level)
	return d
}}

// deflate returns the zlib stream of data, valid until d is used again, and
// reports whether compression succeeded.
func (d *deflater) deflate(data []byte) ([]byte, bool) {
	d.stream.Reset()
	d.writer.Reset(&d.stream)
	if _, err := d.writer.Write(data); err != nil {
		return nil, false
	}
	if err := d.writer.Close(); err != nil {
		return nil, false
	}
	return d.stream.Bytes(), true
}

// inflater is a zlib reader with buffers for its input and its output.
type inflater struct {
	stream   []byte
	source   bytes.Reader
	reader   io.Reader // nil until there was a stream with a good header
	document [MaxPayload + 1]byte
}

var inflaters = sync.Pool{New: func() any { return &inflater{} }}

// presetDictionary is the bit in the second byte of a stream that says that
// reading it needs a dictionary.
const presetDictionary = 0x20

// inflate returns the document in payload, the base64 of a zlib stream. The
// document is valid until i is used again. Bytes after the stream are ignored,
// as Python's zlib.decompress ignores them.
func (i *inflater) inflate(payload string) ([]byte, error) {
	var err error
	i.stream, err = base64.RawURLEncoding.AppendDecode(i.stream[:0], []byte(payload))
	if err != nil {
		return nil, ErrPayload
	}
	// Python refuses every dictionary, but the library accepts an empty one.
	if len(i.stream) < 2 || i.stream[1]&presetDictionary != 0 {
		return nil, ErrPayload
	}
	i.source.Reset(i.stream)
	if err := i.reset(); err != nil {
		return nil, ErrPayload
	}
	// Reading one byte beyond the limit shows that the document is too large.
	for n := 0; n < len(i.document); {
		read, err := i.reader.Read(i.document[n:])
		n += read
		if n > MaxPayload {
			break
		}
		if err == io.EOF {
			return i.document[:n], nil
		}
		if err != nil {
			return nil, ErrPayload
		}
	}
	return nil, ErrTooLarge
}

// reset makes the reader begin with the stream in i.source.
func (i *inflater) reset() (err error) {
	if i.reader == nil {
		i.reader, err = zlib.NewReader(&i.source)
		return err
	}
	return i.reader.(zlib.Resetter).Reset(&i.source, nil)
}
