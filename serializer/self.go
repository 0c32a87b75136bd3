package serializer

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"math/big"
	"reflect"

	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

// numbers says which JSON numbers with a fraction or an exponent an encoding
// can reproduce. For integers only the size matters.
type numbers uint8

const (
	anyNumber      numbers = iota // all, digit by digit
	pythonNumbers                 // digit by digit, if Python reads the same number
	float64Numbers                // what a float64 is printed as
)

// addressable returns v, or an addressable copy, so that methods of a pointer
// can be called.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	copied := reflect.New(v.Type()).Elem()
	copied.Set(v)
	return copied
}

// self encodes a value whose type has its own methods for encoding or decoding.
// Only these methods can tell whether the value comes back, so self tries them.
func (e *encoder) self(v reflect.Value, info *goType, depth int) (value.Value, error) {
	tree, err := e.byMethod(v, info, depth)
	if err != nil || e.trusting {
		return tree, err
	}
	data, err := e.codec.write(&tree)
	if err != nil {
		return tree, nil // encoding the whole fails too, and its error names the place
	}
	again, err := e.codec.decode(data)
	if err != nil {
		return value.Value{}, mismatch("%s cannot be read back", v.Type())
	}
	back := reflect.New(v.Type())
	if err := e.codec.target().toGo(&again, back.Interface()); err != nil {
		return value.Value{}, mismatch("%s cannot read what it writes: %s", v.Type(), methodsOf(info))
	}
	if !e.same(v, back.Elem(), data, info, depth) {
		return value.Value{}, mismatch("%s comes back as another value: %s", v.Type(), methodsOf(info))
	}
	return tree, e.notLent(v, data, info, depth)
}

func (e *encoder) byMethod(v reflect.Value, info *goType, depth int) (value.Value, error) {
	switch info.encode {
	case classJSON:
		data, err := v.Addr().Interface().(json.Marshaler).MarshalJSON()
		if err != nil {
			return value.Value{}, mismatch("the MarshalJSON of %s failed", v.Type())
		}
		return e.json(v.Type(), data)
	case classText:
		return fromText(v.Addr().Interface().(encoding.TextMarshaler))
	}
	return e.kind(v, info, depth)
}

// same reports whether back, which was read from data, equals v. A type that
// reads and writes itself may have several forms of one value, so there they
// are equal if both write the same data.
func (e *encoder) same(v, back reflect.Value, data []byte, info *goType, depth int) bool {
	if info.encode >= classJSON && info.decode < classJSON {
		return reflect.DeepEqual(v.Interface(), back.Interface())
	}
	if f, ok := v.Addr().Interface().(*big.Float); ok && f.Cmp(back.Addr().Interface().(*big.Float)) != 0 {
		return false // it is read with a precision of 64 bits, whatever it had
	}
	trusting := *e
	trusting.trusting = true
	tree, err := trusting.byMethod(back, info, depth)
	if err != nil {
		return false
	}
	again, err := e.codec.write(&tree)
	return err == nil && bytes.Equal(again, data)
}

// notLent refuses a struct whose method is promoted from an embedded field,
// because that method does not know the other fields.
func (e *encoder) notLent(v reflect.Value, data []byte, info *goType, depth int) error {
	t := v.Type()
	if info.embedded < 0 || info.encode < classJSON || !t.Field(info.embedded).IsExported() {
		return nil
	}
	lender := v.Field(info.embedded)
	if lender.Kind() == reflect.Pointer {
		lender = lender.Elem()
	}
	if !lender.IsValid() || encodeClass(reflect.PointerTo(lender.Type())) != info.encode {
		return nil
	}
	for i := range t.NumField() {
		if i == info.embedded || !t.Field(i).IsExported() || v.Field(i).IsZero() {
			continue
		}
		tree, err := e.byMethod(lender, info, depth)
		if err != nil {
			return nil
		}
		if lent, err := e.codec.write(&tree); err == nil && bytes.Equal(lent, data) {
			return in("."+t.Field(i).Name, mismatch("%s is stored by a method of the embedded %s, which leaves this field out; give the embedded field a name", t, lender.Type()))
		}
		return nil
	}
	return nil
}

// methodsOf says which method is missing or wrong.
func methodsOf(info *goType) string {
	switch {
	case info.decode >= classJSON && info.encode >= classJSON:
		return "its own methods for reading and writing do not agree, or this encoding cannot hold it"
	case info.encode == classJSON:
		return "it has MarshalJSON but not UnmarshalJSON"
	case info.encode == classText:
		return "it has MarshalText but not UnmarshalText"
	case info.decode == classJSON:
		return "it has UnmarshalJSON but not MarshalJSON"
	}
	return "it has UnmarshalText but not MarshalText"
}

// number encodes a json.Number; an empty one becomes null.
func (e *encoder) number(text string) (value.Value, error) {
	if text == "" {
		return value.Value{}, nil
	}
	t := reflect.TypeFor[json.Number]()
	v, err := e.json(t, []byte(text))
	if err != nil {
		return v, err
	}
	if v.Kind == value.Int || v.Kind == value.Float {
		if written, err := (pyjson.Dialect{}).Append(nil, &v); err == nil && string(written) == text {
			return v, nil
		}
	}
	return value.Value{}, mismatch("a json.Number is not a number, or has too many digits")
}

// json encodes the JSON that a type has written for itself.
func (e *encoder) json(t reflect.Type, data []byte) (value.Value, error) {
	if data == nil {
		return value.Value{}, nil
	}
	v, err := pyjson.DecodeExact(data)
	switch {
	case errors.Is(err, pyjson.ErrLossy):
		return value.Value{}, mismatch("%s encodes itself as JSON with a repeated key or with -0, which would be lost", t)
	case err != nil || !json.Valid(data):
		return value.Value{}, mismatch("%s encodes itself as invalid JSON", t)
	case !e.quoting && !e.codec.numbers().hold(&v):
		return value.Value{}, mismatch("%s is a number, or holds one, with more digits than %s gives back; store it as text", t, e.codec.Name())
	}
	return v, nil
}

// hold reports whether all numbers in v come back unchanged.
func (n numbers) hold(v *value.Value) bool {
	if v.Kind == value.Float && v.Text != "" {
		return n == anyNumber || n == pythonNumbers && !v.Rounded()
	}
	for i := range v.Items {
		if !n.hold(&v.Items[i]) {
			return false
		}
	}
	return true
}

func fromText(m encoding.TextMarshaler) (value.Value, error) {
	text, err := m.MarshalText()
	if err != nil {
		return value.Value{}, mismatch("the MarshalText of %s failed", reflect.TypeOf(m).Elem())
	}
	return value.OfString(string(text)), nil
}
