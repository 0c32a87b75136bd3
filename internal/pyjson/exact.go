package pyjson

import (
	"bytes"
	"errors"

	"github.com/gosessions/sessions/internal/value"
)

// ErrLossy reports a document with something that a [value.Value] cannot hold:
// a repeated key, or -0, which Python reads as an int without a sign.
var ErrLossy = errors.New("pyjson: document holds a repeated key or -0")

// DecodeExact is like [Decode] but loses nothing except spaces and the spelling
// of text: it keeps the text of floats as [Rules.Exact] does, and returns
// [ErrLossy] for a document that a value cannot hold.
func DecodeExact(data []byte) (value.Value, error) {
	d := decoder{Scanner: NewScanner(data, Rules{Exact: true})}
	d.peek()
	v, ok := d.decode(0)
	switch {
	case !ok || !d.End():
		return value.Value{}, ErrSyntax
	case d.lossy:
		return value.Value{}, ErrLossy
	}
	return v, nil
}

// isUsual reports whether raw, a float, is spelled as [AppendFloat] would write
// it. That holds for the usual spelling of up to 15 digits, because no two such
// numbers are the same float64. It may return false for others that AppendFloat
// would write in the same way.
func isUsual(raw []byte) bool {
	if raw[0] == '-' {
		raw = raw[1:]
	}
	if len(raw) > 16 {
		return false
	}
	point := 0
	for i, c := range raw {
		if c == '.' {
			point = i
		} else if c-'0' > 9 {
			return false // an exponent, NaN
		}
	}
	last := len(raw) - 1
	switch {
	case point == 0:
		return false
	case raw[last] == '0':
		return last == point+1 // 1.10 is not usual, but 1.0 is
	}
	return raw[0] != '0' || string(raw[:min(6, len(raw))]) != "0.0000"
}

// keepText sets the text of v, a Float that was read from raw, if Python would
// spell it differently.
func keepText(v *value.Value, raw []byte) {
	var buffer [32]byte
	if !bytes.Equal(AppendFloat(buffer[:0], v.Float64()), raw) {
		v.Text = string(raw)
	}
}
