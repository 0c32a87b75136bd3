package pyjson

import (
	"strings"
	"unicode/utf8"

	"github.com/gosessions/sessions/internal/value"
)

// The keys of Flask's tags. A tag is a dict of one item that holds a value of a
// type that JSON does not have.
const (
	TagDict   = " di" // a dict that looks like a tag itself
	TagTuple  = " t"
	TagBytes  = " b"
	TagMarkup = " m"
	TagUUID   = " u"
	TagTime   = " d"
)

// TagSuffix is appended to the key of a dict that looks like a tag.
const TagSuffix = "__"

// IsTag reports whether key is the key of a tag.
func IsTag[T string | []byte](key T) bool {
	switch string(key) {
	case TagDict, TagTuple, TagBytes, TagMarkup, TagUUID, TagTime:
		return true
	}
	return false
}

// tag checks a dict of one member that may be a tag. It knows the form in which
// Flask writes tags, and leaves the check of any other form to [Decode].
func (s *Scanner) tag(m *Member) Shape {
	usual := false
	if !m.Escaped {
		switch string(m.Key) {
		case TagDict:
			usual = m.Shape == FullDict
		case TagTuple:
			usual = m.Shape == Array
		case TagMarkup:
			usual = m.Shape == Str
		case TagBytes:
			usual = m.Shape == Str && isBase64(m.Value[1:len(m.Value)-1])
		case TagUUID:
			usual = m.Shape == Str && isHex32(m.Value[1:len(m.Value)-1])
		case TagTime:
			usual = m.Shape == Str && isTame(m.Value)
		}
	}
	if !usual {
		s.odd = true
	}
	return Tagged
}

// isBase64 reports whether text is base64 with its padding.
func isBase64(text []byte) bool {
	if len(text)%4 != 0 {
		return false
	}
	for range min(2, len(text)) {
		if text[len(text)-1] == '=' {
			text = text[:len(text)-1]
		}
	}
	for _, c := range text {
		if base64Value(c) < 0 {
			return false
		}
	}
	return true
}

func isHex32(text []byte) bool {
	if len(text) != 32 {
		return false
	}
	for _, c := range text {
		if c-'0' > 9 && c|0x20-'a' > 5 {
			return false
		}
	}
	return true
}

// isTame reports whether no number in text can be too large for a date in
// Python. Then text is either a date or not, and Python raises no exception in
// either case.
func isTame(text []byte) bool {
	run := 0
	for _, c := range text {
		switch {
		case c == '\\' || c == '_' || c >= utf8.RuneSelf:
			return false
		case c-'0' <= 9:
			run++
			if run > 9 {
				return false
			}
		default:
			run = 0
		}
	}
	return true
}

// untag returns the value that Flask reads from the dict {tag: v}, and false if
// Flask raises an exception. v is already untagged.
func untag(tag string, v *value.Value) (value.Value, bool) {
	switch tag {
	case TagDict:
		if v.Kind != value.Dict || len(v.Items) == 0 {
			return value.Value{}, false
		}
		key := cutLast(cutLast(v.Items[0].Text))
		return value.Value{Kind: value.Dict, Items: []value.Value{value.OfString(key), v.Items[1]}}, true
	case TagTuple:
		return tupleOf(v)
	case TagBytes:
		switch v.Kind {
		case value.String, value.Markup, value.Bytes:
			raw, ok := lenientBase64(v.Text, v.Kind != value.Bytes)
			return value.Value{Kind: value.Bytes, Text: raw}, ok
		}
	case TagMarkup:
		text, ok := str(v)
		return value.Value{Kind: value.Markup, Text: text}, ok
	case TagUUID:
		if v.Kind == value.String || v.Kind == value.Markup {
			raw, ok := lenientUUID(v.Text)
			return value.Value{Kind: value.UUID, Text: raw}, ok
		}
	case TagTime:
		return dateOf(v)
	}
	return value.Value{}, false
}

// tupleOf returns Python's tuple(v).
func tupleOf(v *value.Value) (value.Value, bool) {
	tuple := value.Value{Kind: value.Tuple}
	switch v.Kind {
	case value.List, value.Tuple:
		tuple.Items = v.Items
	case value.Dict:
		for i := 0; i < len(v.Items); i += 2 {
			tuple.Items = append(tuple.Items, v.Items[i])
		}
	case value.String, value.Markup:
		for text := v.Text; text != ""; {
			n := charLen(text)
			tuple.Items = append(tuple.Items, value.OfString(text[:n]))
			text = text[n:]
		}
	case value.Bytes:
		for i := range len(v.Text) {
			tuple.Items = append(tuple.Items, value.OfInt(int64(v.Text[i])))
		}
	default:
		return value.Value{}, false
	}
	return tuple, true
}

// charLen returns the length of the first character of text, which may be a
// surrogate.
func charLen(text string) int {
	if isSurrogate(text) {
		return 3
	}
	_, n := utf8.DecodeRuneInString(text)
	return n
}

// cutLast returns text without its last character.
func cutLast(text string) string {
	i := len(text) - 1
	for i > 0 && !utf8.RuneStart(text[i]) {
		i--
	}
	return text[:max(i, 0)]
}

// str returns Python's str(v). It returns false for containers and bytes, which
// no application turns into markup.
func str(v *value.Value) (string, bool) {
	switch v.Kind {
	case value.Null:
		return "None", true
	case value.Bool:
		if v.Num != 0 {
			return "True", true
		}
		return "False", true
	case value.Int:
		return v.Decimal(), true
	case value.Float:
		return FloatRepr(v.Float64()), true
	case value.String, value.Markup:
		return v.Text, true
	case value.UUID:
		return string(value.AppendUUID(nil, v.Text)), true
	case value.Time:
		return strings.Replace(v.ISO(), "T", " ", 1), true
	}
	return "", false
}

// lenientBase64 decodes as Python's b64decode does: it skips characters outside
// the alphabet, and stops at the padding. If ascii is set the whole text must
// be ASCII, even after the padding.
func lenientBase64(text string, ascii bool) (raw string, ok bool) {
	if ascii && strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
		return "", false
	}
	out := make([]byte, 0, len(text)/4*3+2)
	var bits uint32
	quad, pads := 0, 0
	for i := range len(text) {
		c := text[i]
		if c == '=' {
			if quad >= 2 {
				pads++
				if quad+pads >= 4 {
					return string(out), true
				}
			}
			continue
		}
		v := base64Value(c)
		if v < 0 {
			continue
		}
		pads = 0
		bits = bits<<6 | uint32(v)
		switch quad {
		case 0:
			quad = 1
			continue
		case 1:
			out = append(out, byte(bits>>4))
		case 2:
			out = append(out, byte(bits>>2))
		case 3:
			out = append(out, byte(bits))
		}
		quad = (quad + 1) & 3
	}
	return string(out), quad == 0
}

// base64Value returns the six bits that c encodes, or -1 if c is not in the
// alphabet.
func base64Value(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return -1
}

// lenientUUID reads a UUID as Python's uuid.UUID does: with hyphens and braces
// anywhere, and the prefix of a URN.
func lenientUUID(text string) (raw string, ok bool) {
	text = strings.ReplaceAll(text, "urn:", "")
	text = strings.ReplaceAll(text, "uuid:", "")
	text = strings.Trim(text, "{}")
	text = strings.ReplaceAll(text, "-", "")
	return value.ParseHex(text)
}
