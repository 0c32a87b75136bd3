package pyjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Scanner checks a JSON document in one pass, without decoding or allocating.
// It accepts what Python's json.loads accepts.
type Scanner struct {
	data []byte
	pos  int

	// surrogates accepts lone surrogates in UTF-8's encoding scheme, as
	// Python's json.loads does for bytes.
	surrogates bool

	// tagged also checks Flask's tags. A tag in a form that Flask does not
	// write sets odd: only decoding shows whether Python can read it.
	tagged bool
	odd    bool

	deepest int
	exact   bool
}

// Shape is what a scan finds out about a value: enough to check a tag around
// it.
type Shape uint8

// The shapes.
const (
	Other     Shape = iota // null, a bool, a number
	Str                    // a string
	Array                  // a list
	EmptyDict              // {}
	FullDict               // a dict with entries
	Tagged                 // a dict that is a tag
)

// Rules say what a Scanner and [Decode] accept beyond what Python's json.loads
// accepts in a str.
type Rules struct {
	Surrogates bool // encoded lone surrogates
	Tags       bool // Flask's tags, which must then be right
	Deeper     int  // more nesting than MaxDepth, by so many levels

	// Exact makes [Decode] keep, in [value.Value.Text], the text of floats that
	// Python would spell differently.
	Exact bool
}

// NewScanner returns a scanner of data, which it does not change.
func NewScanner(data []byte, rules Rules) Scanner {
	return Scanner{data: data, surrogates: rules.Surrogates, tagged: rules.Tags, deepest: MaxDepth + rules.Deeper, exact: rules.Exact}
}

// peek skips white space and returns the next byte, or 0 at the end.
func (s *Scanner) peek() byte {
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		if c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
		s.pos++
	}
	return 0
}

// End reports whether nothing but white space is left.
func (s *Scanner) End() bool { return s.peek() == 0 && s.pos == len(s.data) }

// Null consumes null and reports whether it came next.
func (s *Scanner) Null() bool { return s.peek() == 'n' && s.literal("null") }

// Open consumes the brace that begins an object and reports whether it came
// next.
func (s *Scanner) Open() bool {
	if s.peek() != '{' {
		return false
	}
	s.pos++
	return true
}

// Member is one member of an object, in its raw form.
type Member struct {
	Key     []byte // without the quotes
	Value   []byte
	Escaped bool // Key contains escapes
	Shape   Shape
}

// Member consumes the next member of the object that [Scanner.Open] has opened,
// and stores it in m. first must be true for the first member. At the closing
// brace, which Member consumes, more is false.
func (s *Scanner) Member(m *Member, first bool) (more, ok bool) {
	c := s.peek()
	if c == '}' {
		s.pos++
		return false, true
	}
	if !first {
		if c != ',' {
			return false, false
		}
		s.pos++
		c = s.peek()
	}
	if c != '"' {
		return false, false
	}
	if m.Key, m.Escaped, ok = s.text(); !ok || s.peek() != ':' {
		return false, false
	}
	s.pos++
	s.peek()
	start := s.pos
	m.Shape, ok = s.value(1)
	m.Value = s.data[start:s.pos:s.pos]
	return true, ok
}

// Odd reports whether only decoding shows if Python can read the values that
// were scanned since the last call.
func (s *Scanner) Odd() bool {
	odd := s.odd
	s.odd = false
	return odd
}

// Value consumes any value.
func (s *Scanner) Value() (Shape, bool) {
	s.peek()
	return s.value(0)
}

// value consumes the value that begins at pos, inside depth lists and objects.
func (s *Scanner) value(depth int) (Shape, bool) {
	if s.pos >= len(s.data) {
		return Other, false
	}
	switch c := s.data[s.pos]; c {
	case '"':
		_, _, ok := s.text()
		return Str, ok
	case '{':
		return s.object(depth + 1)
	case '[':
		return Array, s.array(depth + 1)
	case 't':
		return Other, s.literal("true")
	case 'f':
		return Other, s.literal("false")
	case 'n':
		return Other, s.literal("null")
	case 'N':
		return Other, s.literal("NaN")
	case 'I':
		return Other, s.literal("Infinity")
	default:
		_, ok := s.number()
		return Other, ok
	}
}

func (s *Scanner) literal(text string) bool {
	if end := s.pos + len(text); end <= len(s.data) && string(s.data[s.pos:end]) == text {
		s.pos = end
		return true
	}
	return false
}

func (s *Scanner) array(depth int) bool {
	if depth > s.deepest {
		return false
	}
	s.pos++
	if s.peek() == ']' {
		s.pos++
		return true
	}
	for {
		if _, ok := s.value(depth); !ok {
			return false
		}
		switch s.peek() {
		case ',':
			s.pos++
			s.peek()
		case ']':
			s.pos++
			return true
		default:
			return false
		}
	}
}

func (s *Scanner) object(depth int) (Shape, bool) {
	if depth > s.deepest {
		return Other, false
	}
	s.pos++
	if s.peek() == '}' {
		s.pos++
		return EmptyDict, true
	}
	var first Member // of a tag
	for count := 1; ; count++ {
		if s.peek() != '"' {
			return Other, false
		}
		key, escaped, ok := s.text()
		if !ok || s.peek() != ':' {
			return Other, false
		}
		s.pos++
		s.peek()
		start := s.pos
		shape, ok := s.value(depth)
		if !ok {
			return Other, false
		}
		if s.tagged && count <= 2 {
			switch {
			case count == 1 && (escaped || IsTag(key)):
				first = Member{key, s.data[start:s.pos], escaped, shape}
			case count == 2 && first.Key != nil && (escaped || first.Escaped || string(key) == string(first.Key)):
				s.odd = true // two spellings may be the same key
			}
		}
		switch s.peek() {
		case ',':
			s.pos++
			s.peek()
		case '}':
			s.pos++
			if count == 1 && first.Key != nil {
				return s.tag(&first), true
			}
			return FullDict, true
		default:
			return Other, false
		}
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// text consumes a string and returns what is between its quotes and whether
// that contains escapes.
func (s *Scanner) text() (raw []byte, escaped, ok bool) {
	data, start := s.data, s.pos+1
	for i := start; i < len(data); {
		// Skip eight bytes at a time while none of them is special. The lowest
		// bit that is set is correct; higher ones may be false positives.
		if i+8 <= len(data) {
			w := binary.LittleEndian.Uint64(data[i:])
			quote := w ^ ones*'"'
			slash := w ^ ones*'\\'
			special := (quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w | w
			if special &= highs; special == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(special) / 8
		}
		switch c := data[i]; {
		case c == '"':
			s.pos = i + 1
			return data[start:i], escaped, true
		case c == '\\':
			n := escape(data[i:])
			if n == 0 {
				return nil, false, false
			}
			escaped = true
			i += n
		case c < ' ':
			return nil, false, false
		case c < utf8.RuneSelf:
			i++
		default:
			n := s.rune(data[i:])
			if n == 0 {
				return nil, false, false
			}
			i += n
		}
	}
	return nil, false, false
}

// rune returns the length of the character at the beginning of b, or 0 if there
// is none.
func (s *Scanner) rune(b []byte) int {
	r, n := utf8.DecodeRune(b)
	if r != utf8.RuneError || n != 1 {
		return n
	}
	if s.surrogates && isSurrogate(b) {
		return 3
	}
	return 0
}

// isSurrogate reports whether b begins with a surrogate encoded like a
// character.
func isSurrogate[T string | []byte](b T) bool {
	return len(b) >= 3 && b[0] == 0xed && b[1]&0xe0 == 0xa0 && b[2]&0xc0 == 0x80
}

// isHigh reports whether b begins with a surrogate that may be the first half of
// a pair.
func isHigh(b string) bool { return isSurrogate(b) && b[1] < 0xb0 }

// isLow reports whether b begins with a surrogate that may be the second half
// of a pair.
func isLow(b string) bool { return isSurrogate(b) && b[1] >= 0xb0 }

// escape returns the length of the escape at the beginning of b, or 0 if there
// is none.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b[2:]); ok {
			return 6
		}
	}
	return 0
}

// number consumes a number, and reports whether it is an int.
func (s *Scanner) number() (isInt, ok bool) {
	data, i := s.data, s.pos
	if i < len(data) && data[i] == '-' {
		i++
		if i < len(data) && data[i] == 'I' {
			s.pos = i
			return false, s.literal("Infinity")
		}
	}
	start := i
	i = digits(data, i)
	if i == start || data[start] == '0' && i > start+1 {
		return false, false
	}
	isInt = true
	count := i - start
	if i < len(data) && data[i] == '.' {
		isInt = false
		end := digits(data, i+1)
		if end == i+1 {
			return false, false
		}
		i = end
	}
	if i < len(data) && data[i]|0x20 == 'e' {
		isInt = false
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		end := digits(data, i)
		if end == i {
			return false, false
		}
		i = end
	}
	s.pos = i
	return isInt, !isInt || count <= MaxDigits
}

func digits(data []byte, i int) int {
	for i < len(data) && data[i]-'0' <= 9 {
		i++
	}
	return i
}
