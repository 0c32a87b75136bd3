package serializer

import (
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// class tells how a Go type is encoded, where its kind does not.
type class uint8

const (
	ordinary class = iota
	classTime
	classUUID
	classTuple
	classMarkup
	classBigInt
	classNumber
	classRaw
	classJSON // marshals or unmarshals itself as JSON
	classText // as text
)

var special = map[reflect.Type]class{
	reflect.TypeFor[time.Time]():       classTime,
	reflect.TypeFor[uuid.UUID]():       classUUID,
	reflect.TypeFor[Tuple]():           classTuple,
	reflect.TypeFor[Markup]():          classMarkup,
	reflect.TypeFor[big.Int]():         classBigInt,
	reflect.TypeFor[json.Number]():     classNumber,
	reflect.TypeFor[json.RawMessage](): classRaw,
}

// goType is what reflection finds out about a type once.
type goType struct {
	encode    class // of the value itself
	encodePtr class // of a pointer to it
	decodePtr class
	fields    []goField // of a struct
	names     map[string]int
}

// goField is a field of a struct, possibly of one embedded in it.
type goField struct {
	name      string
	index     []int
	omitEmpty bool
	omitZero  func(reflect.Value) bool
	quoted    bool // numbers and booleans are written as text
}

var goTypes sync.Map // reflect.Type to *goType

func goTypeOf(t reflect.Type) *goType {
	if info, ok := goTypes.Load(t); ok {
		return info.(*goType)
	}
	info := &goType{}
	if c, ok := special[t]; ok {
		info.encode, info.encodePtr, info.decodePtr = c, c, c
	} else {
		pointer := reflect.PointerTo(t)
		info.encode = encodeClass(t)
		info.encodePtr = encodeClass(pointer)
		switch {
		case pointer.Implements(reflect.TypeFor[json.Unmarshaler]()):
			info.decodePtr = classJSON
		case pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
			info.decodePtr = classText
		}
		if t.Kind() == reflect.Struct {
			info.fields = fieldsOf(t)
			info.names = make(map[string]int, len(info.fields))
			for i, field := range info.fields {
				info.names[field.name] = i
			}
		}
	}
	stored, _ := goTypes.LoadOrStore(t, info)
	return stored.(*goType)
}

func encodeClass(t reflect.Type) class {
	switch {
	case t.Implements(reflect.TypeFor[json.Marshaler]()):
		return classJSON
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return classText
	}
	return ordinary
}

// candidate is a field that may be hidden by another of the same name.
type candidate struct {
	goField
	tagged bool
}

// fieldsOf returns the fields of a struct that encoding/json would use, in
// order. Of several with one name the least deeply embedded wins, then the one
// named by a tag; if that leaves several, none is used.
func fieldsOf(t reflect.Type) []goField {
	var all []candidate
	collect(t, nil, map[reflect.Type]bool{}, &all)

	best := map[string]candidate{}
	unique := map[string]bool{}
	for _, c := range all {
		rival, ok := best[c.name]
		switch {
		case !ok, len(c.index) < len(rival.index), len(c.index) == len(rival.index) && c.tagged && !rival.tagged:
			best[c.name], unique[c.name] = c, true
		case len(c.index) == len(rival.index) && c.tagged == rival.tagged:
			unique[c.name] = false
		}
	}
	var fields []goField
	for _, c := range all {
		if winner := best[c.name]; unique[c.name] && reflect.DeepEqual(winner.index, c.index) {
			fields = append(fields, c.goField)
		}
	}
	return fields
}

// collect appends the fields of t, and of the structs embedded in it.
func collect(t reflect.Type, prefix []int, above map[reflect.Type]bool, all *[]candidate) {
	if above[t] {
		return
	}
	above[t] = true
	defer delete(above, t)
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("json")
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		index := append(prefix[:len(prefix):len(prefix)], i)
		target := field.Type
		if target.Kind() == reflect.Pointer {
			target = target.Elem()
		}
		embedded := field.Anonymous && name == "" && target.Kind() == reflect.Struct
		if embedded && special[target] == ordinary {
			collect(target, index, above, all)
			continue
		}
		if !field.IsExported() {
			continue
		}
		c := candidate{goField{name: name, index: index}, name != ""}
		if name == "" {
			c.name = field.Name
		}
		for option := range strings.SplitSeq(options, ",") {
			switch option {
			case "omitempty":
				c.omitEmpty = true
			case "omitzero":
				c.omitZero = zeroTest(field.Type)
			case "string":
				c.quoted = isScalar(target.Kind())
			}
		}
		*all = append(*all, c)
	}
}

func isScalar(kind reflect.Kind) bool {
	return kind >= reflect.Bool && kind <= reflect.Float64 || kind == reflect.String
}

// zeroTest returns the test behind omitzero: the type's own IsZero, if any.
func zeroTest(t reflect.Type) func(reflect.Value) bool {
	type zeroer interface{ IsZero() bool }
	switch {
	case t.Kind() != reflect.Interface && t.Implements(reflect.TypeFor[zeroer]()):
		return func(v reflect.Value) bool {
			if v.Kind() == reflect.Pointer && v.IsNil() {
				return true
			}
			return v.Interface().(zeroer).IsZero()
		}
	case reflect.PointerTo(t).Implements(reflect.TypeFor[zeroer]()):
		return func(v reflect.Value) bool {
			if !v.CanAddr() {
				copied := reflect.New(v.Type()).Elem()
				copied.Set(v)
				v = copied
			}
			return v.Addr().Interface().(zeroer).IsZero()
		}
	}
	return reflect.Value.IsZero
}

// isEmpty is the test behind omitempty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
