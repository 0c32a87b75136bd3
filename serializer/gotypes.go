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

// class says how a Go type is encoded if its kind does not decide that.
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

// goType is the cached result of reflection about a type.
type goType struct {
	encode class // by a method of the type, or of a pointer to it
	decode class
	key    class // of a key of a map, classText or ordinary

	fields []goField // of a struct
	names  map[string]int
	hidden []goField // exported, but not stored, because others have their names
	opaque bool      // a struct with fields, none of which is exported

	// embedded is the index of the embedded field from which a struct may have
	// its methods, or -1.
	embedded int
}

// encodesItself reports whether the type's own methods encode or decode it.
func (info *goType) encodesItself() bool { return info.encode >= classJSON || info.decode >= classJSON }

// goField is a field of a struct, possibly of one embedded in it.
type goField struct {
	name      string
	step      string // of a path, in Go's names
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
	info := &goType{embedded: -1}
	pointer := reflect.PointerTo(t)
	if c, ok := special[t]; ok {
		info.encode, info.decode = c, c
	} else {
		info.encode, info.decode = encodeClass(pointer), decodeClass(pointer)
		if t.Kind() == reflect.Struct {
			info.addFields(t)
		}
	}
	if t.Kind() != reflect.String && (pointer.Implements(textMarshaler) || pointer.Implements(textUnmarshaler)) {
		info.key = classText
	}
	stored, _ := goTypes.LoadOrStore(t, info)
	return stored.(*goType)
}

var (
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// encodeClass returns how a pointer of type t encodes what it points to. No
// pointer to a pointer or to an interface has methods.
func encodeClass(t reflect.Type) class {
	switch {
	case t.Implements(reflect.TypeFor[json.Marshaler]()):
		return classJSON
	case t.Implements(textMarshaler):
		return classText
	}
	return ordinary
}

func decodeClass(t reflect.Type) class {
	switch {
	case t.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return classJSON
	case t.Implements(textUnmarshaler):
		return classText
	}
	return ordinary
}

func (info *goType) addFields(t reflect.Type) {
	info.fields, info.hidden = fieldsOf(t)
	info.names = make(map[string]int, len(info.fields))
	for i, field := range info.fields {
		info.names[field.name] = i
	}
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Name != "_" && field.Tag.Get("json") != "-" {
			info.opaque = len(info.fields) == 0 && len(info.hidden) == 0 && !field.IsExported() || info.opaque
		}
		target := field.Type
		if target.Kind() == reflect.Pointer {
			target = target.Elem()
		}
		if field.Anonymous && encodeClass(reflect.PointerTo(target)) != ordinary {
			info.embedded = i
		}
	}
}

// candidate is a field that may be hidden by another of the same name.
type candidate struct {
	goField
	tagged    bool
	recursive bool // an embedded struct that is already around the field
}

// fieldsOf returns the fields of a struct that encoding/json would use, in
// order, and those that others hide. Of several fields with one name, the least
// deeply embedded wins, then the one that is named by a tag. If several are
// left, none is used.
func fieldsOf(t reflect.Type) (used, hidden []goField) {
	var all []candidate
	collect(t, goField{}, map[reflect.Type]bool{}, &all)

	best := map[string]candidate{}
	unique := map[string]bool{}
	for _, c := range all {
		if c.recursive {
			continue
		}
		rival, ok := best[c.name]
		switch {
		case !ok, len(c.index) < len(rival.index), len(c.index) == len(rival.index) && c.tagged && !rival.tagged:
			best[c.name], unique[c.name] = c, true
		case len(c.index) == len(rival.index) && c.tagged == rival.tagged:
			unique[c.name] = false
		}
	}
	for _, c := range all {
		if winner := best[c.name]; !c.recursive && unique[c.name] && reflect.DeepEqual(winner.index, c.index) {
			used = append(used, c.goField)
		} else {
			hidden = append(hidden, c.goField)
		}
	}
	return used, hidden
}

// collect appends the fields of t, and of the structs embedded in it. prefix
// leads to t.
func collect(t reflect.Type, prefix goField, above map[reflect.Type]bool, all *[]candidate) {
	above[t] = true
	defer delete(above, t)
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("json")
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		c := candidate{tagged: name != ""}
		c.name, c.step = name, prefix.step+"."+field.Name
		c.index = append(prefix.index[:len(prefix.index):len(prefix.index)], i)
		target := field.Type
		if target.Kind() == reflect.Pointer {
			target = target.Elem()
		}
		embedded := field.Anonymous && name == "" && target.Kind() == reflect.Struct
		if embedded && special[target] == ordinary {
			if !above[target] {
				collect(target, c.goField, above, all)
				continue
			}
			// The struct is embedded in itself, so its fields are hidden
			// already.
			c.recursive = true
		}
		if !field.IsExported() && !c.recursive {
			continue
		}
		if name == "" {
			c.name = field.Name
		}
		c.setOptions(options, field.Type, target)
		*all = append(*all, c)
	}
}

// setOptions applies the options that follow the name in a tag.
func (f *goField) setOptions(options string, t, target reflect.Type) {
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty":
			f.omitEmpty = true
		case "omitzero":
			f.omitZero = zeroTest(t)
		case "string":
			f.quoted = isScalar(target.Kind())
		}
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
