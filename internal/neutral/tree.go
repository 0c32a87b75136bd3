package neutral

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

// ErrForm reports text that is not a value in the neutral form, or that has a
// type that no format has: date, timedelta, decimal and set occur only in
// pickled records.
var ErrForm = errors.New("neutral: not a value in the neutral form")

// Append appends v in the neutral form. Unlike [Of] it keeps lone surrogates
// and the order of dicts.
func Append(dst []byte, v *value.Value) []byte {
	name := names[v.Kind]
	dst = append(append(append(dst, `{"t":"`...), name...), '"')
	switch v.Kind {
	case value.Null:
	case value.Bool:
		dst = strconv.AppendBool(append(dst, `,"v":`...), v.Num != 0)
	case value.Int:
		dst = appendText(dst, v.Decimal())
	case value.Float:
		dst = appendText(dst, pyjson.FloatRepr(v.Float64()))
		bits := binary.BigEndian.AppendUint64(nil, v.Num)
		dst = append(hex.AppendEncode(append(dst, `,"bits":"`...), bits), '"')
	case value.String:
		dst = appendString(dst, v.Text)
	case value.Markup:
		dst = appendText(dst, v.Text)
	case value.Bytes:
		dst = appendText(dst, base64.StdEncoding.EncodeToString([]byte(v.Text)))
	case value.UUID:
		dst = appendText(dst, string(value.AppendUUID(nil, v.Text)))
	case value.Time:
		dst = appendText(dst, v.ISO())
	case value.List, value.Tuple:
		dst = append(dst, `,"v":[`...)
		for i := range v.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = Append(dst, &v.Items[i])
		}
		dst = append(dst, ']')
	case value.Dict:
		dst = append(dst, `,"v":[`...)
		for i := 0; i+1 < len(v.Items); i += 2 {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, '[')
			if key := &v.Items[i]; key.Kind == value.String && utf8.ValidString(key.Text) {
				dst, _ = pyjson.AppendString(dst, key.Text, true)
			} else {
				dst = Append(dst, key)
			}
			dst = Append(append(dst, ','), &v.Items[i+1])
			dst = append(dst, ']')
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

var names = [...]string{
	value.Null: "null", value.Bool: "bool", value.Int: "int", value.Float: "float", value.String: "str", value.Bytes: "bytes",
	value.List: "list", value.Tuple: "tuple", value.Dict: "dict", value.Markup: "markup", value.UUID: "uuid", value.Time: "datetime",
}

// appendText appends text as the member "v".
func appendText(dst []byte, text string) []byte {
	out, err := pyjson.AppendString(append(dst, `,"v":`...), text, true)
	if err != nil {
		return append(dst, `,"v":""`...) // decoders never return invalid text
	}
	return out
}

// appendString appends the member that holds text: "v" or, if text has a lone
// surrogate, which JSON should not hold, "u16" with its UTF-16 in hexadecimal.
func appendString(dst []byte, text string) []byte {
	if utf8.ValidString(text) {
		return appendText(dst, text)
	}
	dst = append(dst, `,"u16":"`...)
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 && len(text) >= 3 {
			r, n = 0xd000|rune(text[1]&0x3f)<<6|rune(text[2]&0x3f), 3
		}
		text = text[n:]
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			dst = appendUnit(appendUnit(dst, high), low)
		} else {
			dst = appendUnit(dst, r)
		}
	}
	return append(dst, '"')
}

func appendUnit(dst []byte, unit rune) []byte {
	return hex.AppendEncode(dst, []byte{byte(unit >> 8), byte(unit)})
}

// Rules are the rules for JSON that contains the neutral form. They allow
// deeper nesting, because an entry of a dict takes three levels.
var Rules = pyjson.Rules{Deeper: 2*pyjson.MaxDepth + 8}

// Parse reads a value in the neutral form, as [Append] writes it.
func Parse(data []byte) (value.Value, error) {
	form, err := pyjson.Decode(data, Rules)
	if err != nil {
		return value.Value{}, ErrForm
	}
	v, ok := parseNode(&form)
	if !ok {
		return value.Value{}, ErrForm
	}
	return v, nil
}

func parseNode(form *value.Value) (v value.Value, ok bool) {
	t, content := member(form, "t"), member(form, "v")
	if t == nil || t.Kind != value.String {
		return v, false
	}
	found := false
	for kind, name := range names {
		if name == t.Text {
			v.Kind, found = value.Kind(kind), true
		}
	}
	if !found {
		return v, false
	}
	switch v.Kind {
	case value.Null:
		return v, true
	case value.Bool:
		return value.OfBool(content != nil && content.Num != 0), content != nil && content.Kind == value.Bool
	case value.List, value.Tuple, value.Dict:
		if content == nil || content.Kind != value.List {
			return v, false
		}
		if v.Kind == value.Dict {
			return parseDict(content.Items)
		}
		for i := range content.Items {
			item, ok := parseNode(&content.Items[i])
			if !ok {
				return v, false
			}
			v.Items = append(v.Items, item)
		}
		return v, true
	case value.Float:
		return parseFloat(form, content)
	case value.String:
		if units := member(form, "u16"); units != nil {
			v.Text, ok = parseUnits(units.Text)
			return v, ok
		}
	}
	if content == nil || content.Kind != value.String {
		return v, false
	}
	return parseText(v.Kind, content.Text)
}

// parseText reads a value of a type that the neutral form represents as one
// text.
func parseText(kind value.Kind, text string) (v value.Value, ok bool) {
	v.Kind = kind
	switch kind {
	case value.String, value.Markup:
		v.Text = text
	case value.Int:
		digits := strings.TrimPrefix(text, "-")
		if digits == "" || len(digits) > pyjson.MaxDigits || strings.Trim(digits, "0123456789") != "" {
			return v, false // no format has an int with more digits
		}
		return value.OfDecimal(text), true
	case value.Bytes:
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return v, false
		}
		v.Text = string(raw)
	case value.UUID:
		v.Text, ok = value.ParseHex(strings.ReplaceAll(text, "-", ""))
		return v, ok
	case value.Time:
		return value.ParseISO(text)
	}
	return v, true
}

func parseDict(entries []value.Value) (v value.Value, ok bool) {
	v.Kind = value.Dict
	for i := range entries {
		entry := entries[i].Items
		if entries[i].Kind != value.List || len(entry) != 2 {
			return v, false
		}
		key := entry[0]
		if key.Kind == value.Dict {
			if key, ok = parseNode(&entry[0]); !ok {
				return v, false
			}
		} else if key.Kind != value.String {
			return v, false
		}
		item, ok := parseNode(&entry[1])
		if !ok {
			return v, false
		}
		v.Items = append(v.Items, key, item)
	}
	v.Items = value.Collapse(v.Items)
	return v, true
}

// parseFloat prefers the bits, which are exact even for a NaN.
func parseFloat(form, content *value.Value) (value.Value, bool) {
	if bits := member(form, "bits"); bits != nil {
		n, err := strconv.ParseUint(bits.Text, 16, 64)
		return value.Value{Kind: value.Float, Num: n}, err == nil
	}
	if content == nil || content.Kind != value.String {
		return value.Value{}, false
	}
	f, err := strconv.ParseFloat(content.Text, 64)
	return value.OfFloat(f), err == nil
}

// parseUnits reads UTF-16 in hexadecimal, lone surrogates included.
func parseUnits(text string) (string, bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw)%2 != 0 {
		return "", false
	}
	escaped := make([]byte, 0, 3*len(raw))
	for i := 0; i < len(raw); i += 2 {
		escaped = hex.AppendEncode(append(escaped, '\\', 'u'), raw[i:i+2])
	}
	return string(pyjson.AppendUnquoted(nil, escaped)), true
}

func member(dict *value.Value, name string) *value.Value {
	if dict.Kind != value.Dict {
		return nil
	}
	for i := 0; i+1 < len(dict.Items); i += 2 {
		if dict.Items[i].Text == name {
			return &dict.Items[i+1]
		}
	}
	return nil
}
