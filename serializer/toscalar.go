package serializer

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"

	"github.com/google/uuid"

	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

func assignScalar(v *value.Value, dst reflect.Value) error {
	switch dst.Kind() {
	case reflect.Bool:
		if v.Kind == value.Bool {
			dst.SetBool(v.Num != 0)
			return nil
		}
	case reflect.String:
		if v.Kind == value.String || v.Kind == value.Markup {
			dst.SetString(v.Text)
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n, ok := v.Int64(); ok && v.Kind == value.Int {
			if dst.OverflowInt(n) {
				return mismatch("an integer is too large for %s", dst.Type())
			}
			dst.SetInt(n)
			return nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if v.Kind == value.Int {
			n, err := strconv.ParseUint(v.Decimal(), 10, 64)
			if err != nil || dst.OverflowUint(n) {
				return mismatch("an integer does not fit %s", dst.Type())
			}
			dst.SetUint(n)
			return nil
		}
	case reflect.Float32, reflect.Float64:
		f, ok := asFloat(v)
		if ok && dst.Kind() == reflect.Float32 {
			rounded := float64(float32(f))
			if math.IsInf(rounded, 0) && !math.IsInf(f, 0) {
				return mismatch("a float is too large for %s", dst.Type())
			}
			f = rounded
		}
		if ok {
			dst.SetFloat(f)
			return nil
		}
	default:
		return mismatch("cannot decode into %s", dst.Type())
	}
	return nullOr(v, dst)
}

// asFloat also accepts integers in the range of a float: a program that counts
// 1, 1.5, 2 may store both kinds.
func asFloat(v *value.Value) (float64, bool) {
	switch v.Kind {
	case value.Float:
		return v.Float64(), true
	case value.Int:
		f, err := strconv.ParseFloat(v.Decimal(), 64)
		return f, err == nil
	}
	return 0, false
}

func (t target) assignTime(v *value.Value, dst reflect.Value) error {
	switch v.Kind {
	case value.Time:
		dst.Set(reflect.ValueOf(v.Time))
		return nil
	case value.String:
		// msgspec writes a datetime that has no zone without one. It is read as
		// UTC, as Flask does.
		at, ok := value.ParseISO(v.Text)
		if !ok {
			return misfit(v, dst)
		}
		dst.Set(reflect.ValueOf(at.Time))
		return nil
	}
	return nullOr(v, dst)
}

func (t target) assignUUID(v *value.Value, dst reflect.Value) error {
	var id uuid.UUID
	switch v.Kind {
	case value.UUID:
		copy(id[:], v.Text)
	case value.String:
		var err error
		if id, err = uuid.Parse(v.Text); err != nil {
			return misfit(v, dst)
		}
	default:
		return nullOr(v, dst)
	}
	dst.Set(reflect.ValueOf(id))
	return nil
}

func assignNumber(v *value.Value, dst reflect.Value) error {
	if v.Kind != value.Int && v.Kind != value.Float {
		return nullOr(v, dst)
	}
	text, err := (pyjson.Dialect{}).Append(nil, v)
	if err != nil {
		return misfit(v, dst)
	}
	dst.SetString(string(text))
	return nil
}

// assignJSON passes v to a type that decodes itself, in the form that
// encoding/json would use.
func assignJSON(v *value.Value, dst reflect.Value) error {
	data, err := (pyjson.Dialect{Plain: true}).Append(nil, v)
	if errors.Is(err, pyjson.ErrText) { // half of a surrogate pair can be written as an escape
		data, err = (pyjson.Dialect{Plain: true, ASCII: true}).Append(nil, v)
	}
	if err != nil || !json.Valid(data) { // NaN is not JSON
		return misfit(v, dst)
	}
	if err := dst.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(data); err != nil {
		return misfit(v, dst)
	}
	return nil
}
