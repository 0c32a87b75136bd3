package itsdangerous

import (
	"encoding/base64"
	"errors"
	"strings"
	"sync"

	"github.com/gosessions/sessions/internal/zlib"
)

// MaxPayload is the most bytes that [DecodePayload] returns. A cookie holds
// 3 KiB of them, or what those inflate to: without a limit one cookie can
// become megabytes.
const MaxPayload = 64 << 10

// compressed marks a payload that was compressed before it was encoded.
const compressed = '.'

// minCompress is the shortest document that compression can shorten: the zlib
// stream of a shorter one, even if all of it were one character, is no shorter
// by two bytes.
const minCompress = 13

// AppendPayload appends data as the URL-safe text that Flask signs: base64
// without padding, of the zlib stream where that is shorter by at least two
// bytes, as itsdangerous decides. More than 64 KiB are never compressed.
func AppendPayload(dst, data []byte) []byte {
	if len(data) < minCompress {
		return base64.RawURLEncoding.AppendEncode(dst, data)
	}
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	stream, ok := zlib.Compress((*b)[:0], data, len(data)-1)
	*b = stream
	if !ok {
		return base64.RawURLEncoding.AppendEncode(dst, data)
	}
	return base64.RawURLEncoding.AppendEncode(append(dst, compressed), stream)
}

// buffers hold zlib streams on their way to and from base64.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// DecodePayload returns the document in a payload, whatever its compression.
// It fails with [ErrPayload] for damaged text, and with [ErrTooLarge] for more
// than [MaxPayload] bytes, without inflating the rest. Verify the signature
// before decoding.
func DecodePayload(payload string) ([]byte, error) {
	packed := strings.HasPrefix(payload, string(compressed))
	if packed {
		payload = payload[1:]
	}
	size := base64.RawURLEncoding.DecodedLen(len(payload))
	if size > MaxPayload {
		return nil, ErrTooLarge
	}
	if !packed {
		data, err := base64.RawURLEncoding.DecodeString(payload)
		if err != nil {
			return nil, ErrPayload
		}
		return data, nil
	}
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	stream, err := base64.RawURLEncoding.AppendDecode((*b)[:0], []byte(payload))
	*b = stream
	if err != nil {
		return nil, ErrPayload
	}
	// Session data shrinks by half or so; what shrinks more grows the buffer.
	data, err := zlib.Inflate(make([]byte, 0, min(3*size, MaxPayload)), stream, MaxPayload)
	switch {
	case errors.Is(err, zlib.ErrTooLarge):
		return nil, ErrTooLarge
	case err != nil:
		return nil, ErrPayload
	}
	return data, nil
}
