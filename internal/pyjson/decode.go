package pyjson

import (
	"bytes"
	"strconv"

	"github.com/gosessions/sessions/internal/value"
)

// Decode decodes a whole document. The value shares no memory with data. It
// returns [ErrSyntax] if a [Scanner] with the same rules refuses the document.
func Decode(data []byte, rules Rules) (value.Value, error) {
	d := decoder{Scanner: NewScanner(data, rules)}
	d.peek()
	v, ok := d.decode(0)
	if !ok || !d.End() {
		return value.Value{}, ErrSyntax
	}
	return v, nil
}

// decoder is a Scanner that builds values.
type decoder struct {
	Scanner
	lossy bool // something was dropped
}

func (d *decoder) decode(depth int) (value.Value, bool) {
	if d.pos >= len(d.data) {
		return value.Value{}, false
	}
	switch c := d.data[d.pos]; c {
	case '"':
		text, ok := d.string()
		return value.OfString(text), ok
	case '{':
		return d.dict(depth + 1)
	case '[':
		return d.list(depth + 1)
	case 't':
		return value.OfBool(true), d.literal("true")
	case 'f':
		return value.OfBool(false), d.literal("false")
	case 'n':
		return value.Value{}, d.literal("null")
	case 'N':
		return value.OfFloat(nan), d.literal("NaN")
	case 'I':
		return value.OfFloat(inf), d.literal("Infinity")
	}
	start := d.pos
	isInt, ok := d.number()
	if !ok {
		return value.Value{}, false
	}
	raw := d.data[start:d.pos]
	if isInt {
		d.lossy = d.lossy || string(raw) == "-0"
		return decodeInt(raw), true
	}
	v := value.OfFloat(ParseFloat(raw))
	if d.exact && !isUsual(raw) {
		keepText(&v, raw)
	}
	return v, true
}

// decodeInt decodes an int that a Scanner has accepted.
func decodeInt(raw []byte) value.Value {
	if n, ok := SmallInt(raw); ok {
		return value.OfInt(n)
	}
	return value.OfDecimal(string(raw))
}

// SmallInt decodes an int of at most 18 digits. It returns false for any other
// text, so the text need not be checked by a Scanner first.
func SmallInt(raw []byte) (n int64, ok bool) {
	digits := raw
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(digits) > 1 {
		return 0, false
	}
	for _, c := range digits {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(raw) {
		n = -n
	}
	return n, true
}

// ParseFloat decodes a float that a Scanner has accepted. As in Python, a float
// that is too large becomes infinite.
func ParseFloat(raw []byte) float64 {
	switch string(raw) {
	case "NaN":
		return nan
	case "Infinity":
		return inf
	case "-Infinity":
		return -inf
	}
	f, _ := strconv.ParseFloat(string(raw), 64)
	return f
}

func (d *decoder) string() (string, bool) {
	raw, escaped, ok := d.text()
	if !ok {
		return "", false
	}
	return Unquote(raw, escaped), true
}

// Unquote returns the text of a JSON string. raw is what is between the quotes,
// as accepted by a [Scanner].
func Unquote(raw []byte, escaped bool) string {
	if !escaped {
		return string(raw)
	}
	var buffer [64]byte
	return string(AppendUnquoted(buffer[:0], raw))
}

func (d *decoder) list(depth int) (value.Value, bool) {
	if depth > d.deepest {
		return value.Value{}, false
	}
	list := value.Value{Kind: value.List}
	d.pos++
	if d.peek() == ']' {
		d.pos++
		return list, true
	}
	for {
		item, ok := d.decode(depth)
		if !ok {
			return value.Value{}, false
		}
		list.Items = append(list.Items, item)
		switch d.peek() {
		case ',':
			d.pos++
			d.peek()
		case ']':
			d.pos++
			return list, true
		default:
			return value.Value{}, false
		}
	}
}

func (d *decoder) dict(depth int) (value.Value, bool) {
	if depth > d.deepest {
		return value.Value{}, false
	}
	dict := value.Value{Kind: value.Dict}
	d.pos++
	if d.peek() == '}' {
		d.pos++
		return dict, true
	}
	for {
		if d.peek() != '"' {
			return value.Value{}, false
		}
		key, ok := d.string()
		if !ok || d.peek() != ':' {
			return value.Value{}, false
		}
		d.pos++
		d.peek()
		item, ok := d.decode(depth)
		if !ok {
			return value.Value{}, false
		}
		dict.Items = append(dict.Items, value.OfString(key), item)
		switch d.peek() {
		case ',':
			d.pos++
			d.peek()
			continue
		case '}':
			d.pos++
		default:
			return value.Value{}, false
		}
		before := len(dict.Items)
		dict.Items = value.Collapse(dict.Items)
		d.lossy = d.lossy || len(dict.Items) < before
		if d.tagged && len(dict.Items) == 2 && IsTag(dict.Items[0].Text) {
			return untag(dict.Items[0].Text, &dict.Items[1])
		}
		return dict, true
	}
}

// Check reports whether data is one whole value that rules accept. It decodes
// only what is needed to check tags.
func Check(data []byte, rules Rules) bool {
	s := NewScanner(data, rules)
	if _, ok := s.Value(); !ok || !s.End() {
		return false
	}
	if !s.odd {
		return true
	}
	_, err := Decode(data, rules)
	return err == nil
}

// StringText returns, if data is a string, what is between the quotes and
// whether it contains escapes.
func StringText(data []byte, rules Rules) (raw []byte, escaped, ok bool) {
	s := NewScanner(data, rules)
	if s.peek() != '"' {
		return nil, false, false
	}
	raw, escaped, ok = s.text()
	return raw, escaped, ok && s.End()
}

// Trim returns data without white space around it.
func Trim(data []byte) []byte { return bytes.Trim(data, " \t\r\n") }
