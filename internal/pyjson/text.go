package pyjson

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// plain marks the ASCII characters that are written unescaped in a string. DEL
// is unescaped only if characters outside ASCII are.
var plain = func() (table [256]bool) {
	for c := ' '; c < utf8.RuneSelf-1; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// AppendString appends text as a JSON string. If ascii is set, characters
// outside ASCII are escaped. It returns [ErrText] for invalid UTF-8 and, unless
// ascii is set, for a lone surrogate.
func AppendString(dst []byte, text string, ascii bool) ([]byte, error) {
	dst = append(dst, '"')
	i := 0
	for i < len(text) && plain[text[i]] {
		i++
	}
	if i == len(text) {
		return append(append(dst, text...), '"'), nil
	}
	start := 0
	for i < len(text) {
		c := text[i]
		if c < utf8.RuneSelf {
			if plain[c] || c == 0x7f && !ascii {
				i++
				continue
			}
			dst = append(dst, text[start:i]...)
			dst = appendEscape(dst, c)
			i++
			start = i
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			if !ascii || !isSurrogate(text[i:]) {
				return nil, ErrText
			}
			if isHigh(text[i:]) && isLow(text[i+3:]) {
				return nil, ErrText // Python would read the pair as one character
			}
			n = 3
			r = 0xd000 | rune(text[i+1]&0x3f)<<6 | rune(text[i+2]&0x3f)
		}
		if ascii {
			dst = append(dst, text[start:i]...)
			if r > 0xffff {
				high, low := utf16.EncodeRune(r)
				dst = appendUnit(dst, high)
				r = low
			}
			dst = appendUnit(dst, r)
			start = i + n
		}
		i += n
	}
	return append(append(dst, text[start:]...), '"'), nil
}

// appendEscape appends the escape of an ASCII character.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return appendUnit(dst, rune(c))
}

// appendUnit appends the escape of a UTF-16 code unit.
func appendUnit(dst []byte, unit rune) []byte {
	return append(dst, '\\', 'u',
		hexDigits[unit>>12&15], hexDigits[unit>>8&15], hexDigits[unit>>4&15], hexDigits[unit&15])
}

// AppendUnquoted appends the text of a JSON string. raw is what is between the
// quotes, as accepted by a [Scanner].
func AppendUnquoted(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			start := i
			for i < len(raw) && raw[i] != '\\' {
				i++
			}
			dst = append(dst, raw[start:i]...)
			continue
		}
		switch c := raw[i+1]; c {
		case 'u':
			r, _ := hex4(raw[i+2:])
			i += 6
			if utf16.IsSurrogate(r) {
				// Two escapes that form a surrogate pair are one character.
				if i+6 <= len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
					low, _ := hex4(raw[i+2:])
					if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
						dst = utf8.AppendRune(dst, pair)
						i += 6
						continue
					}
				}
			}
			dst = appendRune(dst, r)
		default:
			dst = append(dst, unescaped(c))
			i += 2
		}
	}
	return dst
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c // the quote and both slashes
}

// hex4 reads the four hexadecimal digits at the beginning of b.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// AppendFloat appends f as Python writes it: with the fewest digits that
// identify f, an exponent below 1e-4 and from 1e16 on, and always in a form
// that is read as a float.
func AppendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	if size := math.Abs(f); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	for _, c := range dst[start:] {
		if c == '.' {
			return dst
		}
	}
	return append(dst, '.', '0')
}

// AppendMsgspecFloat appends f as Python's msgspec writes it: null for NaN and
// infinities, and an exponent, without padding, below 1e-5 and from 1e16 on.
func AppendMsgspecFloat(dst []byte, f float64) []byte {
	size := math.Abs(f)
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(dst, "null"...)
	case size == 0 || size >= 1e-4 && size < 1e16:
		return AppendFloat(dst, f)
	case size >= 1e-5 && size < 1e-4:
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes a sign and at least two digits: e+16, e-07.
	mark := bytes.LastIndexByte(dst, 'e') + 1
	exponent := dst[mark:]
	negative := exponent[0] == '-'
	digits := bytes.TrimLeft(exponent[1:], "0")
	dst = dst[:mark]
	if negative {
		dst = append(dst, '-')
	}
	return append(dst, digits...)
}
