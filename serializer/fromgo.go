package serializer

import (
	"math"
	"math/big"
	"reflect"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

// fromGo converts a Go value to a Python value for an encoding, or returns
// [ErrType]. The common types need no reflection.
func fromGo(v any, c codec) (value.Value, error) {
	if tree, ok := fromScalar(v); ok {
		return tree, nil
	}
	switch v := v.(type) {
	case nil:
		return value.Value{}, nil
	case time.Time:
		return ofTime(v), nil
	case uuid.UUID:
		return value.Value{Kind: value.UUID, Text: string(v[:])}, nil
	case Markup:
		return value.Value{Kind: value.Markup, Text: string(v)}, nil
	case []byte:
		if v == nil {
			return value.Value{}, nil
		}
		return value.Value{Kind: value.Bytes, Text: string(v)}, nil
	}
	e := encoder{codec: c}
	tree, err := e.value(reflect.ValueOf(v), 0)
	if err != nil {
		return value.Value{}, under(reflect.TypeOf(v), err)
	}
	return tree, nil
}

func ofTime(t time.Time) value.Value { return value.Value{Kind: value.Time, Time: t} }

// encoder converts Go values to Python values, and refuses values that would
// not come back unchanged.
type encoder struct {
	codec codec

	// trusting encoders assume that types that encode themselves can read it
	// back.
	trusting bool

	// checking encoders try whether codec can write each scalar, to find the
	// part of a value that it cannot write.
	checking bool

	// quoting encoders encode numbers that become text because of the tag
	// ",string".
	quoting bool
}

// value returns the value of v, which is inside depth containers. The limit on
// the depth of a document also ends the recursion for a Go value that contains
// itself.
func (e *encoder) value(v reflect.Value, depth int) (value.Value, error) {
	if !v.IsValid() {
		return value.Value{}, nil
	}
	if depth > pyjson.MaxDepth {
		return value.Value{}, mismatch("%s is nested too deeply, or contains itself", v.Type())
	}
	if kind := v.Kind(); kind == reflect.Pointer || kind == reflect.Interface {
		if v.IsNil() {
			return value.Value{}, nil
		}
		if kind == reflect.Interface && v.NumMethod() > 0 {
			return value.Value{}, mismatch("nothing says which type to make of %s when it is read; use a type that is not an interface, or leave the field out by the tag json:\"-\"", v.Type())
		}
		return e.value(v.Elem(), depth+1)
	}
	info := goTypeOf(v.Type())
	if info.encode == ordinary && info.decode == ordinary && !e.checking {
		return e.kind(v, info, depth)
	}
	var tree value.Value
	var err error
	if info.encodesItself() {
		tree, err = e.self(addressable(v), info, depth)
	} else {
		tree, err = e.known(v, info, depth)
	}
	if err == nil && e.checking && !e.quoting && (tree.Items == nil || info.encodesItself() || info.encode == classRaw) {
		err = e.check(tree)
	}
	return tree, err
}

// known encodes a value whose type does not encode itself.
func (e *encoder) known(v reflect.Value, info *goType, depth int) (value.Value, error) {
	switch info.encode {
	case classTime:
		return ofTime(v.Interface().(time.Time)), nil
	case classUUID:
		id := v.Interface().(uuid.UUID)
		return value.Value{Kind: value.UUID, Text: string(id[:])}, nil
	case classMarkup:
		return value.Value{Kind: value.Markup, Text: v.String()}, nil
	case classTuple:
		if v.IsNil() {
			return value.Value{}, nil
		}
		return e.list(v, value.Tuple, depth)
	case classBigInt:
		n := v.Interface().(big.Int)
		return value.OfDecimal(n.String()), nil
	case classNumber:
		return e.number(v.String())
	case classRaw:
		return e.json(v.Type(), v.Bytes())
	}
	return e.kind(v, info, depth)
}

func (e *encoder) kind(v reflect.Value, info *goType, depth int) (value.Value, error) {
	switch v.Kind() {
	case reflect.Bool:
		return value.OfBool(v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return value.OfInt(v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return value.OfUint(v.Uint()), nil
	case reflect.Float32:
		return fromFloat32(v.Float()), nil
	case reflect.Float64:
		return value.OfFloat(v.Float()), nil
	case reflect.String:
		return value.OfString(v.String()), nil
	case reflect.Slice:
		if v.IsNil() {
			return value.Value{}, nil
		}
		if isBytes(v.Type()) {
			return value.Value{Kind: value.Bytes, Text: string(v.Bytes())}, nil
		}
		return e.list(v, value.List, depth)
	case reflect.Array:
		return e.list(v, value.List, depth)
	case reflect.Map:
		return e.dict(v, depth)
	case reflect.Struct:
		return e.object(v, info, depth)
	}
	return value.Value{}, mismatch("%s cannot be stored", v.Type())
}

// isBytes reports whether t is a slice of bytes whose type does not encode
// itself.
func isBytes(t reflect.Type) bool {
	return t.Elem().Kind() == reflect.Uint8 && !goTypeOf(t.Elem()).encodesItself()
}

// fromFloat32 returns the float64 with the same shortest decimal digits, so
// that 0.1 stays 0.1.
func fromFloat32(f float64) value.Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return value.OfFloat(f)
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	if err != nil {
		return value.OfFloat(f)
	}
	return value.OfFloat(short)
}

// where returns an error that names the part of v that c cannot write. It
// encodes v a second time, but only after a failure.
func where(v any, c codec) error {
	e := encoder{codec: c, trusting: true, checking: true}
	_, err := e.value(reflect.ValueOf(v), 0)
	if err == nil {
		err = mismatch("%T is nested too deeply", v)
	}
	return under(reflect.TypeOf(v), err)
}

// check returns an error if the encoding cannot hold the scalar v.
func (e *encoder) check(v value.Value) error {
	_, err := e.codec.write(&v)
	switch {
	case err == nil:
		return nil
	case len(v.Items) > 0:
		return mismatch("%s cannot hold what a type writes of itself", e.codec.Name())
	case v.Kind == value.Time && e.codec == codec(flask) && v.Time.Year() < 100:
		return mismatch("Python would read a time before the year 100 as another; use a later one, or the zero time, which is stored as None")
	case v.Kind == value.Time:
		return mismatch("%s cannot hold a time of this year or zone", e.codec.Name())
	case v.Kind == value.Int:
		return mismatch("%s cannot hold an integer of this size", e.codec.Name())
	case v.Kind == value.Float:
		return mismatch("%s cannot hold NaN and infinities", e.codec.Name())
	}
	return mismatch("text is not valid UTF-8")
}
