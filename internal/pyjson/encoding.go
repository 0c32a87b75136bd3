package pyjson

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	bomUTF8    = []byte("\xef\xbb\xbf")
	bomUTF16BE = []byte("\xfe\xff")
	bomUTF16LE = []byte("\xff\xfe")
	bomUTF32BE = []byte("\x00\x00\xfe\xff")
	bomUTF32LE = []byte("\xff\xfe\x00\x00")
)

// UTF8 returns a document in UTF-8, including lone surrogates, which [Rules]
// may allow. Like Python's json.loads, it guesses the encoding of data from
// zero bytes and byte order marks. Nearly always that is UTF-8, and data is
// returned unchanged. It returns false if data is not valid in that encoding.
func UTF8(data []byte) ([]byte, bool) {
	if len(data) >= 2 && data[0] != 0 && data[1] != 0 && data[0] < 0xef {
		return data, true
	}
	big, little := binary.ByteOrder(binary.BigEndian), binary.ByteOrder(binary.LittleEndian)
	switch {
	case bytes.HasPrefix(data, bomUTF32BE):
		return fromUTF32(data[4:], big)
	case bytes.HasPrefix(data, bomUTF32LE):
		return fromUTF32(data[4:], little)
	case bytes.HasPrefix(data, bomUTF16BE):
		return fromUTF16(data[2:], big)
	case bytes.HasPrefix(data, bomUTF16LE):
		return fromUTF16(data[2:], little)
	case bytes.HasPrefix(data, bomUTF8):
		return data[3:], true
	case len(data) >= 4 && data[0] == 0 && data[1] == 0:
		return fromUTF32(data, big)
	case len(data) >= 4 && data[0] != 0 && data[1] == 0 && data[2] == 0 && data[3] == 0:
		return fromUTF32(data, little)
	case (len(data) >= 4 || len(data) == 2) && data[0] == 0:
		return fromUTF16(data, big)
	case (len(data) >= 4 || len(data) == 2) && data[1] == 0:
		return fromUTF16(data, little)
	}
	return data, true
}

func fromUTF16(data []byte, order binary.ByteOrder) ([]byte, bool) {
	if len(data)%2 != 0 {
		return nil, false
	}
	out := make([]byte, 0, len(data))
	for len(data) > 0 {
		r := rune(order.Uint16(data))
		data = data[2:]
		if utf16.IsSurrogate(r) && len(data) > 0 {
			if pair := utf16.DecodeRune(r, rune(order.Uint16(data))); pair != utf8.RuneError {
				r = pair
				data = data[2:]
			}
		}
		out = appendRune(out, r)
	}
	return out, true
}

func fromUTF32(data []byte, order binary.ByteOrder) ([]byte, bool) {
	if len(data)%4 != 0 {
		return nil, false
	}
	out := make([]byte, 0, len(data))
	for ; len(data) > 0; data = data[4:] {
		r := order.Uint32(data)
		if r > utf8.MaxRune {
			return nil, false
		}
		out = appendRune(out, rune(r))
	}
	return out, true
}

// appendRune appends r, even if it is a surrogate.
func appendRune(dst []byte, r rune) []byte {
	if utf16.IsSurrogate(r) {
		return append(dst, 0xed, 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(dst, r)
}
