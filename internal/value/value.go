// Package value models what a Python session can hold, exactly: what a format
// is decoded to and encoded from, whatever Go types stand on the other side.
//
// Text may contain lone surrogates, which Python strings can hold and UTF-8
// cannot. They appear as the three bytes that UTF-8 would give them (the
// generalization known as WTF-8).
package value

import (
	"math"
	"strconv"
	"time"
)

// Kind is the Python type of a value.
type Kind uint8

// The kinds, with the Python types they stand for.
const (
	Null   Kind = iota // None
	Bool               // bool
	Int                // int, of any size
	Float              // float
	String             // str
	Bytes              // bytes
	List               // list
	Tuple              // tuple
	Dict               // dict
	Markup             // markupsafe.Markup
	UUID               // uuid.UUID
	Time               // datetime.datetime
)

// Value is one Python value. Its fields are used as its kind says; the zero
// Value is None.
type Value struct {
	Kind Kind

	// Naive marks a Time without a time zone, whose Time is then in UTC.
	Naive bool

	// Num holds a Bool as 0 or 1, an Int in two's complement unless Text is
	// set, and the bits of a Float.
	Num uint64

	// Text holds a String, a Markup, the raw bytes of Bytes, the 16 bytes of a
	// UUID, and the decimal text of an Int outside of int64. A Float that was
	// read with its exact text may hold that: a JSON number that Python would
	// spell in another way, such as 1.10 or 1e400. Num is what Python makes of it.
	Text string

	// Items holds the elements of a List or Tuple; of a Dict its keys and
	// values by turns, each key once.
	Items []Value

	Time time.Time
}

// OfBool returns a Bool.
func OfBool(b bool) Value {
	if b {
		return Value{Kind: Bool, Num: 1}
	}
	return Value{Kind: Bool}
}

// OfInt returns an Int.
func OfInt(n int64) Value { return Value{Kind: Int, Num: uint64(n)} }

// OfUint returns an Int.
func OfUint(n uint64) Value {
	if n > math.MaxInt64 {
		return Value{Kind: Int, Text: strconv.FormatUint(n, 10)}
	}
	return Value{Kind: Int, Num: n}
}

// OfDecimal returns the Int that text spells: an optional minus sign and
// digits.
func OfDecimal(text string) Value {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return OfInt(n)
	}
	negative := len(text) > 0 && text[0] == '-'
	digits := text
	if negative {
		digits = text[1:]
	}
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	if negative {
		digits = "-" + digits
	}
	// Without leading zeros it may be small after all.
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return OfInt(n)
	}
	return Value{Kind: Int, Text: digits}
}

// OfFloat returns a Float.
func OfFloat(f float64) Value { return Value{Kind: Float, Num: math.Float64bits(f)} }

// OfString returns a String.
func OfString(s string) Value { return Value{Kind: String, Text: s} }

// Int64 returns an Int, if it fits.
func (v *Value) Int64() (int64, bool) { return int64(v.Num), v.Text == "" }

// Decimal returns the text of an Int.
func (v *Value) Decimal() string {
	if v.Text != "" {
		return v.Text
	}
	return strconv.FormatInt(int64(v.Num), 10)
}

// Float64 returns a Float.
func (v *Value) Float64() float64 { return math.Float64frombits(v.Num) }

// Len returns the number of elements of a List or Tuple, of entries of a Dict.
func (v *Value) Len() int {
	if v.Kind == Dict {
		return len(v.Items) / 2
	}
	return len(v.Items)
}
