package msgpack

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/gosessions/sessions/internal/value"
)

// Decode decodes a whole document. The value shares no memory with data.
func Decode(data []byte) (value.Value, error) {
	s := NewScanner(data)
	v, err := s.decode(0)
	if err == nil && !s.End() {
		err = ErrSyntax
	}
	return v, err
}

func (s *Scanner) decode(depth int) (value.Value, error) {
	h := s.header()
	switch h.family {
	case null:
		return value.Value{}, nil
	case boolean:
		return value.OfBool(h.number != 0), nil
	case integer:
		return value.OfInt(int64(h.number)), nil
	case unsigned:
		return value.OfUint(h.number), nil
	case float:
		return value.Value{Kind: value.Float, Num: h.number}, nil
	case text:
		raw, ok := s.text(h)
		if !ok {
			return value.Value{}, ErrSyntax
		}
		return value.OfString(string(raw)), nil
	case binaryData:
		return value.Value{Kind: value.Bytes, Text: string(s.take(h.length))}, nil
	case extension:
		body := s.take(h.length)
		if h.ext != timestamp {
			return value.Value{}, ErrExtension
		}
		at, ok := decodeTime(body)
		if !ok {
			return value.Value{}, ErrSyntax
		}
		return value.Value{Kind: value.Time, Time: at}, nil
	case array:
		return s.items(value.List, h.length, depth)
	case dict:
		v, err := s.items(value.Dict, 2*h.length, depth)
		v.Items = value.Collapse(v.Items)
		return v, err
	}
	return value.Value{}, ErrSyntax
}

// maxReserve bounds how many elements are allocated before they are read.
const maxReserve = 64

func (s *Scanner) items(kind value.Kind, n uint64, depth int) (value.Value, error) {
	v := value.Value{Kind: kind}
	if depth >= MaxDepth {
		return v, ErrSyntax
	}
	if n > 0 {
		v.Items = make([]value.Value, 0, min(n, maxReserve))
	}
	for i := range n {
		if kind == value.Dict && i%2 == 0 && s.container() {
			return value.Value{}, ErrSyntax
		}
		item, err := s.decode(depth + 1)
		if err != nil {
			return value.Value{}, err
		}
		v.Items = append(v.Items, item)
	}
	return v, nil
}

// widen converts the bits of a float32 to those of a float64.
func widen(bits uint64) uint64 {
	return math.Float64bits(float64(math.Float32frombits(uint32(bits))))
}

// The range of Python's times: the years 1 to 9999.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// decodeTime reads the three forms of a timestamp: seconds in 4 bytes;
// nanoseconds in 30 and seconds in 34 bits; nanoseconds in 4 and seconds in 8
// bytes, signed.
func decodeTime(body []byte) (time.Time, bool) {
	var seconds int64
	var nanos uint32
	switch len(body) {
	case 4:
		seconds = int64(binary.BigEndian.Uint32(body))
	case 8:
		both := binary.BigEndian.Uint64(body)
		seconds, nanos = int64(both&(1<<34-1)), uint32(both>>34)
	case 12:
		nanos = binary.BigEndian.Uint32(body)
		seconds = int64(binary.BigEndian.Uint64(body[4:]))
	default:
		return time.Time{}, false
	}
	if nanos > 999_999_999 || seconds < firstSecond || seconds > lastSecond {
		return time.Time{}, false
	}
	return time.Unix(seconds, int64(nanos)).UTC(), true
}
