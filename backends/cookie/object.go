package cookie

import (
	"bytes"
	"encoding/json"
)

// object iterates over the members of one JSON object. It finds where names and
// values begin and end; the decoder of a value checks that the value is
// well-formed.
type object struct {
	rest  []byte
	begun bool
	seen  [16][]byte // the names so far, for as long as they fit
	count int
	many  map[string]struct{} // all of them, once they do not
}

func newObject(text []byte) object { return object{rest: text} }

// next returns the next member: its decoded name and its raw value. More is
// false at the end; ok is false if the text is not an object or names a member
// twice.
func (o *object) next() (name, value []byte, more, ok bool) {
	o.skipSpace()
	if !o.begun {
		o.begun = true
		if !o.take('{') {
			return nil, nil, false, false
		}
		if o.take('}') {
			return nil, nil, false, o.atEnd()
		}
	} else {
		if o.take('}') {
			return nil, nil, false, o.atEnd()
		}
		if !o.take(',') {
			return nil, nil, false, false
		}
	}
	quoted, ok := o.text()
	if !ok || !o.take(':') {
		return nil, nil, false, false
	}
	if name, ok = unquote(quoted); !ok || !o.isNew(name) {
		return nil, nil, false, false
	}
	value, ok = o.value()
	return name, value, true, ok
}

// take skips c and the space around it, and reports whether c was there.
func (o *object) take(c byte) bool {
	o.skipSpace()
	if len(o.rest) == 0 || o.rest[0] != c {
		return false
	}
	o.rest = o.rest[1:]
	o.skipSpace()
	return true
}

func (o *object) skipSpace() {
	for len(o.rest) > 0 && isSpace(o.rest[0]) {
		o.rest = o.rest[1:]
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func (o *object) atEnd() bool { return len(o.rest) == 0 }

// isNew reports whether name occurs for the first time, and remembers it.
func (o *object) isNew(name []byte) bool {
	if o.count < len(o.seen) {
		for _, s := range o.seen[:o.count] {
			if string(s) == string(name) {
				return false
			}
		}
		o.seen[o.count] = name
		o.count++
		return true
	}
	if o.many == nil {
		o.many = make(map[string]struct{})
		for _, s := range o.seen {
			o.many[string(s)] = struct{}{}
		}
	}
	if _, found := o.many[string(name)]; found {
		return false
	}
	o.many[string(name)] = struct{}{}
	return true
}

// text takes a JSON string, quotes included.
func (o *object) text() ([]byte, bool) {
	if len(o.rest) == 0 || o.rest[0] != '"' {
		return nil, false
	}
	for i := 1; i < len(o.rest); i++ {
		switch o.rest[i] {
		case '\\':
			i++
		case '"':
			quoted := o.rest[:i+1]
			o.rest = o.rest[i+1:]
			return quoted, true
		}
	}
	return nil, false
}

// value takes one value, from its first to its last character.
func (o *object) value() ([]byte, bool) {
	whole := o.rest
	depth := 0
	for {
		o.skipSpace()
		if len(o.rest) == 0 {
			return nil, false
		}
		switch c := o.rest[0]; {
		case c == '"':
			if _, ok := o.text(); !ok {
				return nil, false
			}
		case c == '{' || c == '[':
			depth++
			o.rest = o.rest[1:]
			continue
		case depth > 0 && (c == ',' || c == ':'):
			o.rest = o.rest[1:]
			continue
		case c == '}' || c == ']':
			if depth == 0 {
				return nil, false
			}
			depth--
			o.rest = o.rest[1:]
		default:
			if !o.scalar() {
				return nil, false
			}
		}
		if depth == 0 {
			return whole[:len(whole)-len(o.rest)], true
		}
	}
}

// scalar takes a number or a word.
func (o *object) scalar() bool {
	end := 0
	for end < len(o.rest) && bytes.IndexByte(scalarEnds, o.rest[end]) < 0 {
		end++
	}
	o.rest = o.rest[end:]
	return end > 0
}

var scalarEnds = []byte(" \t\r\n,:\"[]{}")

// unquote returns the text of a JSON string.
func unquote(quoted []byte) ([]byte, bool) {
	if len(quoted) < 2 || quoted[0] != '"' || quoted[len(quoted)-1] != '"' {
		return nil, false
	}
	if inner := quoted[1 : len(quoted)-1]; isPlain(inner) {
		return inner, true
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return []byte(s), err == nil
}

// isPlain reports whether the inside of a JSON string has no escapes.
func isPlain(inner []byte) bool {
	for _, c := range inner {
		if c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}
