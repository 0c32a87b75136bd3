package serializer

import (
	"cmp"
	"encoding"
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

// fromGo returns the Python value of a Go one, or [ErrType]. The common types
// take no reflection.
func fromGo(v any) (value.Value, error) {
	switch v := v.(type) {
	case nil:
		return value.Value{}, nil
	case bool:
		return value.OfBool(v), nil
	case string:
		return value.OfString(v), nil
	case int:
		return value.OfInt(int64(v)), nil
	case int64:
		return value.OfInt(v), nil
	case float64:
		return value.OfFloat(v), nil
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
	return fromReflect(reflect.ValueOf(v), 0)
}

func ofTime(t time.Time) value.Value { return value.Value{Kind: value.Time, Time: t} }

// fromReflect is fromGo inside depth containers. A Go value that contains
// itself ends at the depth that any document has.
func fromReflect(v reflect.Value, depth int) (value.Value, error) {
	if !v.IsValid() {
		return value.Value{}, nil
	}
	if depth > pyjson.MaxDepth {
		return value.Value{}, mismatch("%s is nested too deeply, or contains itself", v.Type())
	}
	info := goTypeOf(v.Type())
	switch info.encode {
	case ordinary:
		if info.encodePtr == classJSON && v.CanAddr() {
			return fromMarshaler(v.Addr().Interface().(json.Marshaler))
		}
		if info.encodePtr == classText && v.CanAddr() {
			return fromTextMarshaler(v.Addr().Interface().(encoding.TextMarshaler))
		}
		return fromKind(v, info, depth)
	case classTime:
		return ofTime(v.Interface().(time.Time)), nil
	case classUUID:
		id := v.Interface().(uuid.UUID)
		return value.Value{Kind: value.UUID, Text: string(id[:])}, nil
	case classMarkup:
		return value.Value{Kind: value.Markup, Text: v.String()}, nil
	case classTuple:
		return fromList(v, value.Tuple, depth)
	case classBigInt:
		n := v.Interface().(big.Int)
		return value.OfDecimal(n.String()), nil
	case classNumber:
		return fromNumber(v.String())
	case classRaw:
		return fromJSON(v.Bytes())
	case classJSON:
		if isNil(v) {
			return value.Value{}, nil
		}
		return fromMarshaler(v.Interface().(json.Marshaler))
	default:
		if isNil(v) {
			return value.Value{}, nil
		}
		return fromTextMarshaler(v.Interface().(encoding.TextMarshaler))
	}
}

func isNil(v reflect.Value) bool {
	return (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil()
}

func fromKind(v reflect.Value, info *goType, depth int) (value.Value, error) {
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
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return value.Value{}, nil
		}
		return fromReflect(v.Elem(), depth+1)
	case reflect.Slice:
		if v.IsNil() {
			return value.Value{}, nil
		}
		if isBytes(v.Type()) {
			return value.Value{Kind: value.Bytes, Text: string(v.Bytes())}, nil
		}
		return fromList(v, value.List, depth)
	case reflect.Array:
		return fromList(v, value.List, depth)
	case reflect.Map:
		return fromMap(v, depth)
	case reflect.Struct:
		return fromStruct(v, info, depth)
	}
	return value.Value{}, mismatch("cannot encode %s", v.Type())
}

// isBytes tells whether t is a slice of bytes that do not encode themselves.
func isBytes(t reflect.Type) bool {
	if t.Elem().Kind() != reflect.Uint8 {
		return false
	}
	element := goTypeOf(t.Elem())
	return element.encode == ordinary && element.encodePtr == ordinary
}

// fromFloat32 gives the float64 with the same shortest digits: 0.1 stays 0.1.
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

func fromList(v reflect.Value, kind value.Kind, depth int) (value.Value, error) {
	list := value.Value{Kind: kind}
	if n := v.Len(); n > 0 {
		list.Items = make([]value.Value, n)
	}
	for i := range list.Items {
		var err error
		if list.Items[i], err = fromReflect(v.Index(i), depth+1); err != nil {
			return value.Value{}, err
		}
	}
	return list, nil
}

// fromMap orders the keys, since a map has no order.
func fromMap(v reflect.Value, depth int) (value.Value, error) {
	if v.IsNil() {
		return value.Value{}, nil
	}
	type entry struct{ key, item value.Value }
	entries := make([]entry, 0, v.Len())
	for iter := v.MapRange(); iter.Next(); {
		key, err := fromKey(iter.Key())
		if err != nil {
			return value.Value{}, err
		}
		item, err := fromReflect(iter.Value(), depth+1)
		if err != nil {
			return value.Value{}, err
		}
		entries = append(entries, entry{key, item})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if a.key.Kind == value.Int {
			// Only uint64 has ints with a Text, and it has none below zero.
			return cmp.Or(
				cmp.Compare(len(a.key.Text), len(b.key.Text)),
				cmp.Compare(a.key.Text, b.key.Text),
				cmp.Compare(int64(a.key.Num), int64(b.key.Num)),
			)
		}
		return strings.Compare(a.key.Text, b.key.Text)
	})
	dict := value.Value{Kind: value.Dict, Items: make([]value.Value, 0, 2*len(entries))}
	for _, e := range entries {
		dict.Items = append(dict.Items, e.key, e.item)
	}
	return dict, nil
}

// fromKey encodes a key as encoding/json chooses: text, then what makes itself
// text, then integers.
func fromKey(key reflect.Value) (value.Value, error) {
	if key.Kind() == reflect.String {
		return value.OfString(key.String()), nil
	}
	if m, ok := key.Interface().(encoding.TextMarshaler); ok {
		if isNil(key) {
			return value.OfString(""), nil
		}
		return fromTextMarshaler(m)
	}
	switch key.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return value.OfInt(key.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return value.OfUint(key.Uint()), nil
	}
	return value.Value{}, mismatch("cannot encode %s as the key of a map", key.Type())
}

func fromStruct(v reflect.Value, info *goType, depth int) (value.Value, error) {
	dict := value.Value{Kind: value.Dict, Items: make([]value.Value, 0, 2*len(info.fields))}
	for i := range info.fields {
		field := &info.fields[i]
		inner, ok := fieldByIndex(v, field.index)
		if !ok || field.omitEmpty && isEmpty(inner) || field.omitZero != nil && field.omitZero(inner) {
			continue
		}
		item, err := fromReflect(inner, depth+1)
		if err != nil {
			return value.Value{}, err
		}
		if field.quoted && item.Kind != value.Null {
			text, err := (pyjson.Dialect{}).Append(nil, &item)
			if err != nil {
				return value.Value{}, mismatch("field of %s: %v", v.Type(), err)
			}
			item = value.OfString(string(text))
		}
		dict.Items = append(dict.Items, value.OfString(field.name), item)
	}
	return dict, nil
}

// fieldByIndex finds a field, false if it lies in an embedded struct that is
// nil.
func fieldByIndex(v reflect.Value, index []int) (reflect.Value, bool) {
	for i, at := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}, false
			}
			v = v.Elem()
		}
		v = v.Field(at)
	}
	return v, true
}

func fromNumber(text string) (value.Value, error) {
	if text == "" {
		return value.OfInt(0), nil // as encoding/json has it
	}
	v, err := fromJSON([]byte(text))
	if err == nil && v.Kind != value.Int && v.Kind != value.Float {
		err = mismatch("a json.Number is no number")
	}
	return v, err
}

func fromMarshaler(m json.Marshaler) (value.Value, error) {
	data, err := m.MarshalJSON()
	if err != nil {
		return value.Value{}, mismatch("%T cannot be encoded", m)
	}
	return fromJSON(data)
}

func fromJSON(data []byte) (value.Value, error) {
	if data == nil {
		return value.Value{}, nil
	}
	v, err := pyjson.Decode(data, pyjson.Rules{})
	if err != nil {
		return value.Value{}, mismatch("a type encodes itself as invalid JSON")
	}
	return v, nil
}

func fromTextMarshaler(m encoding.TextMarshaler) (value.Value, error) {
	text, err := m.MarshalText()
	if err != nil {
		return value.Value{}, mismatch("%T cannot be encoded", m)
	}
	return value.OfString(string(text)), nil
}
