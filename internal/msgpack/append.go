package msgpack

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gosessions/sessions/internal/value"
)

// Append appends v. UUIDs are written as text, and so are times without a zone;
// tuples as arrays and markup as text. It returns [ErrValue] for integers of
// more than 64 bits, floats with more digits than a float64 has, times outside
// Python's range, and text that is not UTF-8.
func Append(dst []byte, v *value.Value) ([]byte, error) { return appendValue(dst, v, 0) }

func appendValue(dst []byte, v *value.Value, depth int) ([]byte, error) {
	switch v.Kind {
	case value.Null:
		return append(dst, 0xc0), nil
	case value.Bool:
		return append(dst, 0xc2|byte(v.Num&1)), nil
	case value.Int:
		return appendInt(dst, v)
	case value.Float:
		if v.Rounded() {
			return nil, ErrValue
		}
		return binary.BigEndian.AppendUint64(append(dst, 0xcb), v.Num), nil
	case value.String, value.Markup:
		return AppendText(dst, v.Text)
	case value.UUID:
		return AppendText(dst, string(value.AppendUUID(nil, v.Text)))
	case value.Bytes:
		return append(appendLength(dst, 0xc4, len(v.Text)), v.Text...), nil
	case value.Time:
		if v.Naive {
			return AppendText(dst, v.ISO())
		}
		return appendTime(dst, v.Time)
	case value.List, value.Tuple:
		dst = appendArrayHeader(dst, len(v.Items))
	case value.Dict:
		dst = AppendMapHeader(dst, v.Len())
	default:
		return nil, ErrValue
	}
	if depth >= maxWritten {
		return nil, ErrValue
	}
	for i := range v.Items {
		var err error
		if dst, err = appendValue(dst, &v.Items[i], depth+1); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func appendInt(dst []byte, v *value.Value) ([]byte, error) {
	n, small := v.Int64()
	if !small {
		large, err := strconv.ParseUint(v.Text, 10, 64)
		if err != nil {
			return nil, ErrValue
		}
		return appendUint(dst, large), nil
	}
	switch {
	case n >= 0:
		return appendUint(dst, uint64(n)), nil
	case n >= -32:
		return append(dst, byte(n)), nil
	case n >= math.MinInt8:
		return append(dst, 0xd0, byte(n)), nil
	case n >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(dst, 0xd1), uint16(n)), nil
	case n >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(dst, 0xd2), uint32(n)), nil
	}
	return binary.BigEndian.AppendUint64(append(dst, 0xd3), uint64(n)), nil
}

func appendUint(dst []byte, n uint64) []byte {
	switch {
	case n <= math.MaxInt8:
		return append(dst, byte(n))
	case n <= math.MaxUint8:
		return append(dst, 0xcc, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, 0xcd), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, 0xce), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, 0xcf), n)
}

// AppendText appends text.
func AppendText(dst []byte, text string) ([]byte, error) {
	if !utf8.ValidString(text) {
		return nil, ErrValue
	}
	if len(text) < 32 {
		dst = append(dst, 0xa0|byte(len(text)))
	} else {
		dst = appendLength(dst, 0xd9, len(text))
	}
	return append(dst, text...), nil
}

// appendLength appends a length in one, two or four bytes, after the byte that
// selects this form. The three forms have the codes code, code+1 and code+2.
func appendLength(dst []byte, code byte, n int) []byte {
	switch {
	case n <= math.MaxUint8:
		return append(dst, code, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, code+1), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, code+2), uint32(n))
}

// AppendMapHeader appends the beginning of a map of n entries.
func AppendMapHeader(dst []byte, n int) []byte { return appendCount(dst, 0x80, 0xde, n) }

func appendArrayHeader(dst []byte, n int) []byte { return appendCount(dst, 0x90, 0xdc, n) }

func appendCount(dst []byte, short, long byte, n int) []byte {
	switch {
	case n < 16:
		return append(dst, short|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, long), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, long+1), uint32(n))
}

// appendTime appends t in the shortest form of a timestamp.
func appendTime(dst []byte, t time.Time) ([]byte, error) {
	seconds, nanos := t.Unix(), uint64(t.Nanosecond())
	switch {
	case seconds < firstSecond || seconds > lastSecond:
		return nil, ErrValue
	case nanos == 0 && seconds >= 0 && seconds <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, 0xd6, 0xff), uint32(seconds)), nil
	case seconds >= 0 && seconds < 1<<34:
		return binary.BigEndian.AppendUint64(append(dst, 0xd7, 0xff), nanos<<34|uint64(seconds)), nil
	}
	dst = binary.BigEndian.AppendUint32(append(dst, 0xc7, 12, 0xff), uint32(nanos))
	return binary.BigEndian.AppendUint64(dst, uint64(seconds)), nil
}
