package serializer

import (
	"cmp"
	"encoding"
	"reflect"
	"slices"
	"strings"

	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

func (e *encoder) list(v reflect.Value, kind value.Kind, depth int) (value.Value, error) {
	list := value.Value{Kind: kind}
	if n := v.Len(); n > 0 {
		list.Items = make([]value.Value, n)
	}
	for i := range list.Items {
		var err error
		if list.Items[i], err = e.value(v.Index(i), depth+1); err != nil {
			return value.Value{}, in(stepIndex(i), err)
		}
	}
	return list, nil
}

// entry is an entry of a map.
type entry struct{ key, item value.Value }

// dict encodes a map. It sorts the keys, because a map has no order.
func (e *encoder) dict(v reflect.Value, depth int) (value.Value, error) {
	if v.IsNil() {
		return value.Value{}, nil
	}
	entries := make([]entry, 0, v.Len())
	for iter := v.MapRange(); iter.Next(); {
		key, err := e.key(iter.Key())
		if err != nil {
			return value.Value{}, in(stepKey, err)
		}
		item, err := e.value(iter.Value(), depth+1)
		if err != nil {
			return value.Value{}, in(stepKey, err)
		}
		entries = append(entries, entry{key, item})
	}
	slices.SortFunc(entries, byEntry)
	dict := value.Value{Kind: value.Dict, Items: make([]value.Value, 0, 2*len(entries))}
	for i, entry := range entries {
		if i > 0 && byEntry(entry, entries[i-1]) == 0 {
			return value.Value{}, in(stepKey, mismatch("two keys of %s have the same text", v.Type()))
		}
		dict.Items = append(dict.Items, entry.key, entry.item)
	}
	return dict, nil
}

func byEntry(a, b entry) int {
	if a.key.Kind == value.Int {
		// Only a uint64 can be an int with a Text, and it is never negative.
		return cmp.Or(
			cmp.Compare(len(a.key.Text), len(b.key.Text)),
			cmp.Compare(a.key.Text, b.key.Text),
			cmp.Compare(int64(a.key.Num), int64(b.key.Num)),
		)
	}
	return strings.Compare(a.key.Text, b.key.Text)
}

// key encodes a key as encoding/json does: a string first, then a type that
// encodes itself as text, then an integer.
func (e *encoder) key(key reflect.Value) (tree value.Value, err error) {
	info := goTypeOf(key.Type())
	if info.key == classText {
		key = addressable(key)
	}
	if tree, err = keyOf(key, info); err != nil {
		return value.Value{}, err
	}
	if info.key == classText && !e.trusting {
		back, text := reflect.New(key.Type()).Elem(), value.OfString(tree.Text)
		if tree.Kind == value.Int {
			text = value.OfString(tree.Decimal()) // as JSON has it
		}
		if err := assignKey(&text, back); err != nil {
			return value.Value{}, mismatch("%s cannot read the text that it makes of itself as a key", key.Type())
		}
		if again, err := keyOf(back, info); err != nil || again.Kind != tree.Kind || again.Text != tree.Text || again.Num != tree.Num {
			return value.Value{}, mismatch("%s comes back as another key", key.Type())
		}
	}
	if e.checking {
		err = e.check(tree)
	}
	return tree, err
}

func keyOf(key reflect.Value, info *goType) (value.Value, error) {
	if info.key == classText {
		if m, ok := key.Addr().Interface().(encoding.TextMarshaler); ok {
			return fromText(m)
		}
	}
	switch key.Kind() {
	case reflect.String:
		return value.OfString(key.String()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return value.OfInt(key.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return value.OfUint(key.Uint()), nil
	}
	return value.Value{}, mismatch("%s cannot be the key of a map; use text or integers", key.Type())
}

// object encodes a struct.
func (e *encoder) object(v reflect.Value, info *goType, depth int) (value.Value, error) {
	if info.opaque && !v.IsZero() {
		return value.Value{}, mismatch("%s has no exported field, and no methods MarshalJSON or MarshalText; store something that it can be made of", v.Type())
	}
	for i := range info.hidden {
		hidden := &info.hidden[i]
		if inner, ok := fieldByIndex(v, hidden.index); ok && !inner.IsZero() {
			return value.Value{}, in(hidden.step, mismatch("another field has the same name, and hides this one; give it a name by a json tag"))
		}
	}
	dict := value.Value{Kind: value.Dict, Items: make([]value.Value, 0, 2*len(info.fields))}
	for i := range info.fields {
		field := &info.fields[i]
		inner, ok := fieldByIndex(v, field.index)
		if !ok || field.omitEmpty && isEmpty(inner) || field.omitZero != nil && field.omitZero(inner) {
			continue
		}
		if len(field.index) > 1 && !canMake(v, field.index) {
			return value.Value{}, in(field.step, mismatch("it lies in an embedded pointer to an unexported struct, which cannot be made when it is read; embed the struct itself"))
		}
		e.quoting = field.quoted
		item, err := e.value(inner, depth+1)
		e.quoting = false
		if err != nil {
			return value.Value{}, in(field.step, err)
		}
		if field.quoted && item.Kind != value.Null {
			text, err := (pyjson.Dialect{}).Append(nil, &item)
			if err != nil {
				return value.Value{}, in(field.step, mismatch("it cannot be quoted as text"))
			}
			item = value.OfString(string(text))
		}
		dict.Items = append(dict.Items, value.OfString(field.name), item)
	}
	return dict, nil
}

// canMake reports whether the path to a field has no unexported pointer, which
// reflection may not set.
func canMake(v reflect.Value, index []int) bool {
	t := v.Type()
	for _, at := range index[:len(index)-1] {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		field := t.Field(at)
		if t = field.Type; t.Kind() == reflect.Pointer && !field.IsExported() {
			return false
		}
	}
	return true
}

// fieldByIndex finds a field, and reports false if it lies in a nil embedded
// struct.
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
