package gorilla

import (
	"encoding"
	"fmt"
	"reflect"
)

// maxDepth is how deep values may be nested. gob does not notice that a value
// contains itself.
const maxDepth = 100

// compare returns what differs between a value and what gob made of it, "" if
// nothing does. If both are the same value, it returns what gob would drop. What it
// returns contains no value and no key.
func compare(a, b any) string {
	return differ(reflect.ValueOf(a), reflect.ValueOf(b), "it", 0)
}

// differ is compare for the part of a value that where names.
func differ(a, b reflect.Value, where string, depth int) string {
	switch {
	case depth > maxDepth:
		return where + " is nested too deeply, or contains itself"
	case !a.IsValid() || !b.IsValid():
		if a.IsValid() != b.IsValid() {
			return where + " comes back as nil, or nil comes back as something"
		}
		return ""
	case a.Type() != b.Type():
		return fmt.Sprintf("%s is a %s and comes back as a %s: store that", where, a.Type().String(), b.Type().String())
	case encodesItself(a.Type()):
		return ""
	}
	switch a.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if !a.IsNil() {
			return where + " is a " + a.Kind().String()
		}
	case reflect.Pointer:
		switch {
		case a.IsNil() && b.IsNil():
		case b.IsNil():
			return where + " is a pointer to a zero value and comes back as nil"
		case a.IsNil():
			return where + " is nil and does not come back as nil"
		default:
			return differ(a.Elem(), b.Elem(), where, depth+1)
		}
	case reflect.Interface:
		return differ(a.Elem(), b.Elem(), where, depth+1)
	case reflect.Struct:
		for i := range a.NumField() {
			field := a.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			if lost := differ(a.Field(i), b.Field(i), "field "+a.Type().String()+"."+field.Name, depth+1); lost != "" {
				return lost
			}
		}
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return where + " comes back with another length"
		}
		if k := a.Type().Elem().Kind(); k <= reflect.Complex128 || k == reflect.String {
			return "" // gob keeps them
		}
		for i := range a.Len() {
			if lost := differ(a.Index(i), b.Index(i), "an element of "+where, depth+1); lost != "" {
				return lost
			}
		}
	case reflect.Map:
		if a.Len() != b.Len() {
			return where + " comes back with another length"
		}
		for entries := a.MapRange(); entries.Next(); {
			if lost := differ(entries.Key(), entries.Key(), "a key of "+where, depth+1); lost != "" {
				return lost
			}
			value := b.MapIndex(entries.Key())
			if !value.IsValid() {
				return "a key of " + where + " does not come back as it is"
			}
			if lost := differ(entries.Value(), value, "a value in "+where, depth+1); lost != "" {
				return lost
			}
		}
	}
	return ""
}

var (
	gobEncoder   = reflect.TypeFor[interface{ GobEncode() ([]byte, error) }]()
	binaryWriter = reflect.TypeFor[encoding.BinaryMarshaler]()
)

// encodesItself reports whether gob leaves the encoding to a method of t.
func encodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(gobEncoder) || p.Implements(binaryWriter)
}
