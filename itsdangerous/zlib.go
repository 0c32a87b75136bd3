package itsdangerous

import (
	"bytes"
	"encoding/base64"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
)

// level is the compression level. Higher levels take at least a third longer
// and make a session of some KiB hardly shorter.
const level = 5

// deflater is a zlib writer and the buffer that it writes to. A writer holds
// about a megabyte, so deflaters are pooled.
type deflater struct {
	stream bytes.Buffer
	writer *zlib.Writer
}

var deflaters = sync.Pool{New: func() any {
	d := &deflater{}
	// The only possible error is that there is no such level.
	d.writer, _ = zlib.NewWriterLevel(&d.stream, level)
	return d
}}

// deflate returns the zlib stream of data, valid until d is used again, and
// false if there is none.
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

// inflater is a zlib reader with room for what goes in and what comes out.
type inflater struct {
	stream   []byte
	source   bytes.Reader
	reader   io.Reader // nil until there was a stream with a good header
	document [MaxPayload + 1]byte
}

var inflaters = sync.Pool{New: func() any { return &inflater{} }}

// presetDictionary is the bit in the second byte of a stream which says that a
// dictionary is needed to read it.
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
	// Python refuses every dictionary. The library accepts the empty one.
	if len(i.stream) < 2 || i.stream[1]&presetDictionary != 0 {
		return nil, ErrPayload
	}
	i.source.Reset(i.stream)
	if err := i.reset(); err != nil {
		return nil, ErrPayload
	}
	// One byte more than the limit shows that there is more.
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
