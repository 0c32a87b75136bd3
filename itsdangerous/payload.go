package itsdangerous

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// MaxPayload is the maximum number of bytes that [DecodePayload] returns. A
// cookie holds about 3 KiB, which without a limit could inflate to megabytes.
const MaxPayload = 64 << 10

// compressed marks a payload that was compressed before it was encoded.
const compressed = '.'

// minCompress is the length of the shortest document that compression can
// shorten by two bytes: a zlib stream of a document has at least 11 bytes.
const minCompress = 13

// AppendPayload appends data as the URL-safe text that Flask signs: base64
// without padding. Like itsdangerous, it first compresses data with zlib if
// that saves at least two bytes. It never compresses more than 64 KiB.
func AppendPayload(dst, data []byte) []byte {
	if len(data) < minCompress || len(data) > MaxPayload {
		return base64.RawURLEncoding.AppendEncode(dst, data)
	}
	d := deflaters.Get().(*deflater)
	defer deflaters.Put(d)
	stream, ok := d.deflate(data)
	if !ok || len(stream) >= len(data)-1 {
		return base64.RawURLEncoding.AppendEncode(dst, data)
	}
	return base64.RawURLEncoding.AppendEncode(append(dst, compressed), stream)
}

// DecodePayload returns the document in a payload, compressed or not. It
// returns [ErrPayload] if the text is damaged, and [ErrTooLarge] if the
// document has more than [MaxPayload] bytes, without inflating the rest. Verify
// the signature before decoding.
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
	i := inflaters.Get().(*inflater)
	defer inflaters.Put(i)
	data, err := i.inflate(payload)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(data), nil
}
