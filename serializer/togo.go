package serializer

import (
	"encoding"
	"encoding/base64"
	"math/big"
	"reflect"
	"strconv"
	"strings"

	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

// target says how text is converted to other types.
type target struct {
	// bytesAsText reads text as base64 if the target is bytes, for encodings
	// that have no bytes.
	bytesAsText bool

	// zeroTime reads null as the zero time, for encodings that cannot hold the
	// year 1.
	zeroTime bool
}

// toGo stores v in the variable that p points to, or returns [ErrType]. The
// common types need no reflection.
func (t target) toGo(v *value.Value, p any) error {
	if p, ok := p.(*any); ok && p != nil {
		result, err := toAny(v)
		if err == nil {
			*p = result
		}
		return err
	}
	if toScalar(v, p) {
		return nil
	}
	dst := reflect.ValueOf(p)
	if dst.Kind() != reflect.Pointer || dst.IsNil() {
		return mismatch("cannot decode into %T: want a pointer that is not nil", p)
	}
	dst = dst.Elem()
	if v.Kind == value.Null {
		if t.isNone(dst) {
			dst.SetZero()
			return nil
		}
		if c := goTypeOf(dst.Type()).decode; c != classJSON && c != classRaw {
			return misfit(v, dst)
		}
	}
	return under(dst.Type(), t.assign(v, dst, 0))
}

// isNone reports whether null means the zero value of dst. It does so only for
// types that can be nil, not for numbers, text or structs.
func (t target) isNone(dst reflect.Value) bool {
	switch c := goTypeOf(dst.Type()).decode; c {
	case classNumber, classTuple:
		return true
	case classTime:
		return t.zeroTime
	case ordinary:
	default:
		return false
	}
	switch dst.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return true
	}
	return false
}

// misfit is the error for a value that is not of dst's type.
func misfit(v *value.Value, dst reflect.Value) error {
	return mismatch("%s does not fit %s", kindNames[v.Kind], dst.Type())
}

var kindNames = [...]string{
	value.Null: "null", value.Bool: "a boolean", value.Int: "an integer", value.Float: "a float", value.String: "text", value.Bytes: "bytes",
	value.List: "a list", value.Tuple: "a tuple", value.Dict: "a dict", value.Markup: "markup", value.UUID: "a UUID", value.Time: "a time",
}

// assign stores v in dst, a variable inside depth containers.
func (t target) assign(v *value.Value, dst reflect.Value, depth int) error {
	if depth > 2*pyjson.MaxDepth {
		return mismatch("%s is nested too deeply", dst.Type())
	}
	info := goTypeOf(dst.Type())
	switch info.decode {
	case classTime:
		return t.assignTime(v, dst)
	case classUUID:
		return t.assignUUID(v, dst)
	case classMarkup:
		if v.Kind != value.Markup && v.Kind != value.String {
			return nullOr(v, dst)
		}
		dst.SetString(v.Text)
		return nil
	case classTuple:
		return t.assignSlice(v, dst, depth)
	case classBigInt:
		if v.Kind != value.Int {
			return nullOr(v, dst)
		}
		dst.Addr().Interface().(*big.Int).SetString(v.Decimal(), 10)
		return nil
	case classNumber:
		return assignNumber(v, dst)
	case classRaw, classJSON:
		return assignJSON(v, dst)
	case classText:
		if v.Kind != value.String {
			return nullOr(v, dst)
		}
		if err := dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(v.Text)); err != nil {
			return mismatch("text does not fit %s", dst.Type())
		}
		return nil
	}
	return t.assignKind(v, dst, info, depth)
}

// nullOr leaves dst unchanged if v is null, which inside other values means
// that there is no value, as with encoding/json.
func nullOr(v *value.Value, dst reflect.Value) error {
	if v.Kind == value.Null {
		return nil
	}
	return misfit(v, dst)
}

func (t target) assignKind(v *value.Value, dst reflect.Value, info *goType, depth int) error {
	switch dst.Kind() {
	case reflect.Pointer:
		if v.Kind == value.Null {
			dst.SetZero()
			return nil
		}
		if dst.IsNil() {
			dst.Set(reflect.New(dst.Type().Elem()))
		}
		return t.assign(v, dst.Elem(), depth+1)
	case reflect.Interface:
		if dst.NumMethod() > 0 && v.Kind != value.Null {
			return mismatch("cannot decode into %s", dst.Type())
		}
		result, err := toAny(v)
		if err != nil {
			return err
		}
		if result == nil {
			dst.SetZero()
		} else {
			dst.Set(reflect.ValueOf(result))
		}
		return nil
	case reflect.Map:
		return t.assignMap(v, dst, depth)
	case reflect.Slice:
		return t.assignSlice(v, dst, depth)
	case reflect.Array:
		return t.assignArray(v, dst, depth)
	case reflect.Struct:
		return t.assignStruct(v, dst, info, depth)
	}
	return assignScalar(v, dst)
}

func (t target) assignSlice(v *value.Value, dst reflect.Value, depth int) error {
	switch v.Kind {
	case value.Null:
		dst.SetZero()
		return nil
	case value.List, value.Tuple:
		slice := reflect.MakeSlice(dst.Type(), len(v.Items), len(v.Items))
		for i := range v.Items {
			if err := t.assign(&v.Items[i], slice.Index(i), depth+1); err != nil {
				return in(stepIndex(i), err)
			}
		}
		dst.Set(slice)
		return nil
	case value.Bytes, value.String:
		if !isBytes(dst.Type()) || v.Kind == value.String && !t.bytesAsText {
			return misfit(v, dst)
		}
		raw := []byte(v.Text)
		if v.Kind == value.String {
			var err error
			if raw, err = base64.StdEncoding.DecodeString(v.Text); err != nil {
				return misfit(v, dst)
			}
		}
		dst.SetBytes(raw)
		return nil
	}
	return misfit(v, dst)
}

// assignArray ignores elements that do not fit the array, and clears the
// elements for which there is no value, as encoding/json does.
func (t target) assignArray(v *value.Value, dst reflect.Value, depth int) error {
	if v.Kind != value.List && v.Kind != value.Tuple {
		return nullOr(v, dst)
	}
	for i := range dst.Len() {
		if i >= len(v.Items) {
			dst.Index(i).SetZero()
		} else if err := t.assign(&v.Items[i], dst.Index(i), depth+1); err != nil {
			return in(stepIndex(i), err)
		}
	}
	return nil
}

func (t target) assignMap(v *value.Value, dst reflect.Value, depth int) error {
	if v.Kind == value.Null {
		dst.SetZero()
		return nil
	}
	if v.Kind != value.Dict {
		return misfit(v, dst)
	}
	typ := dst.Type()
	result := reflect.MakeMapWithSize(typ, v.Len())
	for i := 0; i+1 < len(v.Items); i += 2 {
		key := reflect.New(typ.Key()).Elem()
		if err := assignKey(&v.Items[i], key); err != nil {
			return in(stepKey, err)
		}
		item := reflect.New(typ.Elem()).Elem()
		if err := t.assign(&v.Items[i+1], item, depth+1); err != nil {
			return in(stepKey, err)
		}
		result.SetMapIndex(key, item)
	}
	dst.Set(result)
	return nil
}

// assignKey stores a key, which is text in most encodings.
func assignKey(v *value.Value, key reflect.Value) error {
	if v.Kind == value.String {
		if key.Kind() != reflect.String {
			if u, ok := key.Addr().Interface().(encoding.TextUnmarshaler); ok {
				if err := u.UnmarshalText([]byte(v.Text)); err != nil {
					return misfit(v, key)
				}
				return nil
			}
			if n, ok := pyjson.SmallInt([]byte(v.Text)); ok {
				number := value.OfInt(n)
				return assignScalar(&number, key)
			}
			if _, err := strconv.ParseUint(strings.TrimPrefix(v.Text, "-"), 10, 64); err == nil {
				number := value.OfDecimal(v.Text)
				return assignScalar(&number, key)
			}
		}
		return assignScalar(v, key)
	}
	if v.Kind == value.Null || key.Kind() == reflect.Interface {
		return misfit(v, key)
	}
	return assignScalar(v, key)
}

// assignStruct matches names exactly: a reader that ignored case would read
// "ADMIN" as "admin". It ignores entries for which the struct has no field.
func (t target) assignStruct(v *value.Value, dst reflect.Value, info *goType, depth int) error {
	if v.Kind != value.Dict {
		return nullOr(v, dst)
	}
	for i := 0; i+1 < len(v.Items); i += 2 {
		at, ok := info.names[v.Items[i].Text]
		if !ok || v.Items[i].Kind != value.String {
			continue
		}
		field := &info.fields[at]
		item := &v.Items[i+1]
		if field.quoted && item.Kind == value.String {
			quoted, err := pyjson.Decode([]byte(item.Text), pyjson.Rules{Exact: true})
			if err != nil {
				return in(field.step, mismatch("quoted text does not fit"))
			}
			item = &quoted
		}
		inner, ok := fieldFor(dst, field.index)
		if !ok {
			return in(field.step, mismatch("cannot set an embedded pointer to an unexported struct"))
		}
		if err := t.assign(item, inner, depth+1); err != nil {
			return in(field.step, err)
		}
	}
	return nil
}

// fieldFor finds a field, and allocates the embedded structs around it. It
// reports false if reflection may not allocate one.
func fieldFor(v reflect.Value, index []int) (reflect.Value, bool) {
	for i, at := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return v, false
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(at)
	}
	return v, true
}
