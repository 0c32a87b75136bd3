package msgpack

import (
	"encoding/binary"
	"unicode/utf8"
)

// family is a kind of MessagePack value, whatever the length of its encoding.
type family uint8

const (
	invalid family = iota
	null
	boolean
	integer  // signed
	unsigned // not negative
	float
	text
	binaryData
	array
	dict
	extension
)

// header is the beginning of a value. It is the whole value unless length says
// that bytes or elements follow.
type header struct {
	family family
	number uint64 // the value of a scalar; of an integer in two's complement
	length uint64 // of text, binary data and extensions in bytes, of the others in elements
	ext    int8
}

// Scanner reads values one after the other, and allocates nothing.
type Scanner struct {
	data []byte
	pos  int
}

// NewScanner returns a scanner of data, which it does not change.
func NewScanner(data []byte) Scanner { return Scanner{data: data} }

// End reports whether nothing is left.
func (s *Scanner) End() bool { return s.pos == len(s.data) }

// Map consumes the beginning of a map and returns the number of its entries,
// which is never more than the remaining bytes can hold. If the next value is
// not a map, Map consumes nothing and returns false.
func (s *Scanner) Map() (entries int, ok bool) {
	start := s.pos
	h := s.header()
	if h.family != dict {
		s.pos = start
		return 0, false
	}
	return int(h.length), true
}

// Text consumes text and returns its bytes. It returns false if the next value
// is not text.
func (s *Scanner) Text() ([]byte, bool) {
	h := s.header()
	if h.family != text {
		return nil, false
	}
	return s.text(h)
}

func (s *Scanner) text(h header) ([]byte, bool) {
	raw := s.take(h.length)
	return raw, utf8.Valid(raw)
}

// Skip consumes a value and returns its bytes. It returns false if there is no
// valid value.
func (s *Scanner) Skip() ([]byte, bool) {
	start := s.pos
	ok := s.skip(0)
	return s.data[start:s.pos:s.pos], ok
}

func (s *Scanner) skip(depth int) bool {
	h := s.header()
	elements := h.length
	switch h.family {
	case invalid:
		return false
	case text:
		_, ok := s.text(h)
		return ok
	case binaryData:
		s.take(h.length)
		return true
	case extension:
		body := s.take(h.length)
		if h.ext == timestamp {
			_, ok := decodeTime(body)
			return ok
		}
		return true
	case dict:
		elements *= 2
	case array:
	default:
		return true
	}
	if depth >= MaxDepth {
		return false
	}
	for i := range elements {
		if h.family == dict && i%2 == 0 && s.container() || !s.skip(depth+1) {
			return false
		}
	}
	return true
}

// container reports whether the next value is an array or a map, which Python
// cannot use as a key.
func (s *Scanner) container() bool {
	if s.End() {
		return false
	}
	c := s.data[s.pos]
	return c >= 0x80 && c <= 0x9f || c >= 0xdc && c <= 0xdf
}

// take consumes n bytes. The header has already checked that they exist.
func (s *Scanner) take(n uint64) []byte {
	b := s.data[s.pos : s.pos+int(n)]
	s.pos += int(n)
	return b
}

// header consumes the beginning of a value. It is invalid if its length exceeds
// the remaining bytes.
func (s *Scanner) header() header {
	if s.pos >= len(s.data) {
		return header{}
	}
	c := s.data[s.pos]
	s.pos++
	var h header
	switch {
	case c <= 0x7f:
		return header{family: unsigned, number: uint64(c)}
	case c >= 0xe0:
		return header{family: integer, number: uint64(int64(int8(c)))}
	case c <= 0x8f:
		h = header{family: dict, length: uint64(c & 0x0f)}
	case c <= 0x9f:
		h = header{family: array, length: uint64(c & 0x0f)}
	case c <= 0xbf:
		h = header{family: text, length: uint64(c & 0x1f)}
	default:
		var ok bool
		if h, ok = s.longHeader(c); !ok {
			return header{}
		}
	}
	// Each element is at least one byte.
	left := uint64(len(s.data) - s.pos)
	if h.length > left || h.family == dict && h.length > left/2 {
		return header{}
	}
	return h
}

// longHeader reads a header whose first byte, c, only selects its form.
func (s *Scanner) longHeader(c byte) (h header, ok bool) {
	switch c {
	case 0xc0:
		return header{family: null}, true
	case 0xc2, 0xc3:
		return header{family: boolean, number: uint64(c & 1)}, true
	case 0xc4, 0xc5, 0xc6:
		h.family = binaryData
		h.length, ok = s.uint(1 << (c - 0xc4))
	case 0xc7, 0xc8, 0xc9:
		h.family = extension
		if h.length, ok = s.uint(1 << (c - 0xc7)); ok {
			h.ext, ok = s.extType()
		}
	case 0xca:
		h.family = float
		h.number, ok = s.uint(4)
		h.number = widen(h.number)
	case 0xcb:
		h.family = float
		h.number, ok = s.uint(8)
	case 0xcc, 0xcd, 0xce, 0xcf:
		h.family = unsigned
		h.number, ok = s.uint(1 << (c - 0xcc))
	case 0xd0, 0xd1, 0xd2, 0xd3:
		h.family = integer
		size := 1 << (c - 0xd0)
		h.number, ok = s.uint(size)
		shift := 64 - 8*size
		h.number = uint64(int64(h.number<<shift) >> shift)
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		h.family, h.length = extension, 1<<(c-0xd4)
		h.ext, ok = s.extType()
	case 0xd9, 0xda, 0xdb:
		h.family = text
		h.length, ok = s.uint(1 << (c - 0xd9))
	case 0xdc, 0xdd:
		h.family = array
		h.length, ok = s.uint(2 << (c - 0xdc))
	case 0xde, 0xdf:
		h.family = dict
		h.length, ok = s.uint(2 << (c - 0xde))
	}
	return h, ok
}

func (s *Scanner) uint(size int) (n uint64, ok bool) {
	b := s.data[s.pos:]
	if len(b) < size {
		return 0, false
	}
	s.pos += size
	switch size {
	case 1:
		return uint64(b[0]), true
	case 2:
		return uint64(binary.BigEndian.Uint16(b)), true
	case 4:
		return uint64(binary.BigEndian.Uint32(b)), true
	}
	return binary.BigEndian.Uint64(b), true
}

func (s *Scanner) extType() (int8, bool) {
	n, ok := s.uint(1)
	return int8(n), ok
}
