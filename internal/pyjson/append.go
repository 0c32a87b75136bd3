package pyjson

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gosessions/sessions/internal/value"
)

var (
	nan = math.Float64frombits(0x7ff8000000000000) // as in Python; Go's NaN has another bit set
	inf = math.Inf(1)
)

// Dialect describes how one framework writes JSON.
type Dialect struct {
	ASCII  bool // characters outside of ASCII are escaped
	Spaced bool // ", " and ": " instead of "," and ":"
	Sorted bool // keys are sorted by code point
	Tagged bool // Flask's tags

	// Strict refuses values that would come back as other values. Python writes
	// the year 1 as 0001 and reads it as 2001, so if times are tagged the zero
	// time becomes null and other years before 100 are refused. With Msgspec it
	// also refuses NaN and infinities, which msgspec writes as null, and times
	// that Python does not have.
	Strict bool

	// Msgspec writes floats and times as msgspec does, even with Plain.
	Msgspec bool

	// Plain writes bytes, UUIDs and times as text, as encoding/json does, so a
	// reader cannot distinguish them from text. Without Plain or Tagged they
	// are refused, as in Python.
	Plain bool
}

// Append appends v as JSON. It returns [ErrValue] for what the dialect cannot
// hold, and [ErrText] for text that is not Unicode.
func (d Dialect) Append(dst []byte, v *value.Value) ([]byte, error) {
	return d.append(dst, v, 0)
}

func (d Dialect) append(dst []byte, v *value.Value, depth int) ([]byte, error) {
	if depth > maxWritten {
		return nil, ErrValue
	}
	switch v.Kind {
	case value.Null, value.Bool, value.Int, value.Float, value.String:
		return d.AppendScalar(dst, v)
	case value.List:
		return d.list(dst, v, depth)
	case value.Dict:
		if d.Tagged && len(v.Items) == 2 && v.Items[0].Kind == value.String && IsTag(v.Items[0].Text) {
			return d.wrapped(dst, v, depth)
		}
		return d.dict(dst, v, depth)
	case value.Tuple:
		if !d.Tagged {
			return d.list(dst, v, depth)
		}
		dst, err := d.list(d.open(dst, TagTuple), v, depth+1)
		return append(dst, '}'), err
	case value.Markup:
		if !d.Tagged {
			return AppendString(dst, v.Text, d.ASCII)
		}
		dst, err := AppendString(d.open(dst, TagMarkup), v.Text, d.ASCII)
		return append(dst, '}'), err
	}
	if !d.Tagged {
		return d.plain(dst, v)
	}
	ok := true
	switch v.Kind {
	case value.Bytes:
		dst = append(d.open(dst, TagBytes), '"')
		dst = base64.StdEncoding.AppendEncode(dst, []byte(v.Text))
	case value.UUID:
		dst = append(d.open(dst, TagUUID), '"')
		for i := range len(v.Text) {
			dst = append(dst, hexDigits[v.Text[i]>>4], hexDigits[v.Text[i]&15])
		}
	case value.Time:
		if d.Strict && v.Time.IsZero() {
			return append(dst, "null"...), nil
		}
		dst = append(d.open(dst, TagTime), '"')
		dst, ok = AppendDate(dst, v.Time)
		ok = ok && (!d.Strict || v.Time.UTC().Year() >= 100)
	default:
		ok = false
	}
	if !ok {
		return nil, ErrValue
	}
	return append(dst, '"', '}'), nil
}

// AppendScalar is Append for a null, a boolean, a number or text. It lets dst be on
// the caller's stack, which Append cannot do, because it is recursive.
func (d Dialect) AppendScalar(dst []byte, v *value.Value) ([]byte, error) {
	switch v.Kind {
	case value.Null:
		return append(dst, "null"...), nil
	case value.Bool:
		return strconv.AppendBool(dst, v.Num != 0), nil
	case value.Int:
		return appendInt(dst, v)
	case value.Float:
		return d.float(dst, v)
	case value.String:
		return AppendString(dst, v.Text, d.ASCII)
	}
	return nil, ErrValue
}

// plain writes the types that JSON does not have as text.
func (d Dialect) plain(dst []byte, v *value.Value) ([]byte, error) {
	if !d.Plain {
		return nil, ErrValue
	}
	dst = append(dst, '"')
	switch v.Kind {
	case value.Bytes:
		dst = base64.StdEncoding.AppendEncode(dst, []byte(v.Text))
	case value.UUID:
		dst = value.AppendUUID(dst, v.Text)
	case value.Time:
		if d.Msgspec || v.Naive {
			text := msgspecTime(v)
			if d.Strict && !isPythonTime(text, v) {
				return nil, ErrValue
			}
			dst = append(dst, text...)
			break
		}
		at := v.Time
		if _, offset := at.Zone(); offset%60 != 0 {
			at = at.UTC() // RFC 3339 has no seconds in offsets
		}
		var err error
		if dst, err = at.AppendText(dst); err != nil {
			return nil, ErrValue
		}
	default:
		return nil, ErrValue
	}
	return append(dst, '"'), nil
}

// float writes a float. If it has the text that it was read from, that text is
// written.
func (d Dialect) float(dst []byte, v *value.Value) ([]byte, error) {
	switch {
	case v.Text != "":
		return append(dst, v.Text...), nil
	case !d.Msgspec:
		return AppendFloat(dst, v.Float64()), nil
	case d.Strict && (math.IsNaN(v.Float64()) || math.IsInf(v.Float64(), 0)):
		return nil, ErrValue
	}
	return AppendMsgspecFloat(dst, v.Float64()), nil
}

// isPythonTime reports whether Python can represent the time text, which has
// the microseconds of v.
func isPythonTime(text string, v *value.Value) bool {
	at, ok := value.ParseISO(text)
	year := v.Time.UTC().Year()
	return ok && at.Time.Equal(v.Time.Truncate(time.Microsecond)) && year >= 1 && year <= 9999 && v.Time.Year() >= 1
}

// msgspecTime returns Python's isoformat, but with a Z for UTC.
func msgspecTime(v *value.Value) string {
	text := v.ISO()
	if utc, ok := strings.CutSuffix(text, "+00:00"); ok {
		return utc + "Z"
	}
	return text
}

// open begins the dict of a tag.
func (d Dialect) open(dst []byte, tag string) []byte {
	dst = append(dst, '{', '"')
	dst = append(dst, tag...)
	return d.Colon(append(dst, '"'))
}

// wrapped writes a dict that looks like a tag in a form that is not read as
// one.
func (d Dialect) wrapped(dst []byte, v *value.Value, depth int) ([]byte, error) {
	inner := value.Value{Kind: value.Dict, Items: []value.Value{value.OfString(v.Items[0].Text + TagSuffix), v.Items[1]}}
	dst, err := d.dict(d.open(dst, TagDict), &inner, depth+1)
	return append(dst, '}'), err
}

func (d Dialect) list(dst []byte, v *value.Value, depth int) ([]byte, error) {
	dst = append(dst, '[')
	var err error
	for i := range v.Items {
		if i > 0 {
			dst = d.Comma(dst)
		}
		if dst, err = d.append(dst, &v.Items[i], depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func (d Dialect) dict(dst []byte, v *value.Value, depth int) ([]byte, error) {
	items := v.Items
	if d.Sorted {
		var ok bool
		if items, ok = value.Sorted(items); !ok {
			return nil, ErrValue
		}
	}
	dst = append(dst, '{')
	var err error
	for i := 0; i+1 < len(items); i += 2 {
		if i > 0 {
			dst = d.Comma(dst)
		}
		if dst, err = d.key(dst, &items[i]); err != nil {
			return nil, err
		}
		dst = d.Colon(dst)
		if dst, err = d.append(dst, &items[i+1], depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// key writes a key of any type as text.
func (d Dialect) key(dst []byte, key *value.Value) ([]byte, error) {
	switch key.Kind {
	case value.String, value.Markup:
		return AppendString(dst, key.Text, d.ASCII)
	case value.Null, value.Bool, value.Int, value.Float:
		dst, err := d.append(append(dst, '"'), key, 0)
		return append(dst, '"'), err
	}
	return nil, ErrValue
}

// Comma appends the separator of the members of a dict or list.
func (d Dialect) Comma(dst []byte) []byte {
	if d.Spaced {
		return append(dst, ',', ' ')
	}
	return append(dst, ',')
}

// Colon appends the separator of a key and its value.
func (d Dialect) Colon(dst []byte) []byte {
	if d.Spaced {
		return append(dst, ':', ' ')
	}
	return append(dst, ':')
}

func appendInt(dst []byte, v *value.Value) ([]byte, error) {
	if n, ok := v.Int64(); ok {
		return strconv.AppendInt(dst, n, 10), nil
	}
	if digits := len(v.Text); digits > MaxDigits+1 || digits > MaxDigits && v.Text[0] != '-' {
		return nil, ErrValue
	}
	return append(dst, v.Text...), nil
}

// FloatRepr returns Python's repr of a float.
func FloatRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return string(AppendFloat(nil, f))
}
