package gorilla

import (
	"bytes"
	"encoding/base64"
	"encoding/gob" //rules:allow because handlers of gorilla's register their types with it, and clients cannot write into a session
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// In the middleware's session a value has the name
//
//	gorilla/NAME/sKEY        a key that is text
//	gorilla/NAME/TYPE:KEY    a key of another basic type
//	gorilla/NAME/gGOB        any other key, as a gob in base64url
//
// and gorilla/NAME is until when the values may be read, in seconds since 1970. A
// cookie's name contains no slash.
const prefix = "gorilla/"

// field is a value in the middleware's session.
type field struct {
	name string // in the middleware's session
	key  any    // in Values; nil if it cannot be decoded
	data []byte
	err  error // why data cannot be decoded
}

// checkName returns an error unless name is a name of a cookie, as gorilla demands.
func checkName(name string) error {
	for _, c := range []byte(name) {
		if c <= ' ' || c > '~' || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return errors.New("gorilla: the session's name is not a valid name of a cookie")
		}
	}
	if name == "" {
		return errors.New("gorilla: the session has no name")
	}
	return nil
}

func deadlineName(name string) string { return prefix + name }

// newField returns the field without data for a key of the session name.
func newField(name string, key any) (field, error) {
	f := field{name: prefix + name + "/", key: key}
	switch k := key.(type) {
	case nil:
		return f, errors.New("gorilla: a key of Values is nil, which cannot be stored")
	case string:
		if utf8.ValidString(k) {
			f.name += "s" + k
			return f, nil
		}
	case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		f.name += fmt.Sprintf("%T:%v", k, k)
		return f, nil
	}
	if key != key { // a NaN, or what contains one
		return f, errors.New("gorilla: a key of Values is not equal to itself, so it could not be found again")
	}
	data, err := toGob(key)
	if err != nil {
		return f, fmt.Errorf("gorilla: a key of Values, a %T, cannot be stored: %w", key, err)
	}
	if back, err := fromGob(data); err != nil || back != key {
		return f, fmt.Errorf("gorilla: a key of Values, a %T, would not come back as it is: use text or a number", key)
	}
	f.name += "g" + base64.RawURLEncoding.EncodeToString(data)
	return f, nil
}

// fieldOf returns the field with the given name in the middleware's session, and
// false if it does not belong to the session name.
func fieldOf(full, name string) (field, bool) {
	text, ok := strings.CutPrefix(full, prefix+name+"/")
	if !ok || text == "" {
		return field{}, false
	}
	f := field{name: full}
	if kind, digits, ok := strings.Cut(text, ":"); ok && basicKeys[kind] != nil {
		key := reflect.New(basicKeys[kind])
		if n, err := fmt.Sscan(digits, key.Interface()); n == 1 && err == nil {
			f.key = key.Elem().Interface()
		}
		return f, true
	}
	switch text[0] {
	case 's':
		f.key = text[1:]
	case 'g':
		if data, err := base64.RawURLEncoding.DecodeString(text[1:]); err == nil {
			f.key, _ = fromGob(data)
		}
	}
	return f, true
}

// basicKeys are the types whose name is in front of a key. No name of a type begins
// with s or g.
var basicKeys = func() map[string]reflect.Type {
	types := make(map[string]reflect.Type)
	for _, v := range []any{false, int(0), int8(0), int16(0), int32(0), int64(0), uint(0), uint8(0), uint16(0), uint32(0), uint64(0)} {
		types[fmt.Sprintf("%T", v)] = reflect.TypeOf(v)
	}
	return types
}()

// decode returns the value in f.
func (f *field) decode() (any, error) {
	if f.key == nil {
		return nil, errors.New("gorilla: a stored key cannot be decoded: register its type with gob.Register")
	}
	value, err := decode(f.data)
	if err != nil {
		return nil, fmt.Errorf("gorilla: a stored value cannot be decoded: register its type with gob.Register: %w", err)
	}
	return value, nil
}

// The first byte of data says what follows.
const (
	isNil = 0
	isGob = 1
)

// encode returns the data for a value, or what would be lost.
func encode(value any) ([]byte, error) {
	if value == nil {
		return []byte{isNil}, nil
	}
	name := reflect.TypeOf(value).String()
	if lost := compare(value, value); lost != "" {
		return nil, fmt.Errorf("gorilla: a value of type %s cannot be stored: %s", name, lost)
	}
	data, err := toGob(value)
	if err != nil {
		return nil, fmt.Errorf("gorilla: a value of type %s cannot be stored: %w", name, err)
	}
	back, err := fromGob(data)
	if err != nil {
		return nil, fmt.Errorf("gorilla: a value of type %s could be stored and not be read again: %w", name, err)
	}
	if lost := compare(value, back); lost != "" {
		return nil, fmt.Errorf("gorilla: a value of type %s would not come back as it is: %s", name, lost)
	}
	return append([]byte{isGob}, data...), nil
}

var errCorrupt = errors.New("gorilla: the value was not stored by this package")

func decode(data []byte) (any, error) {
	switch {
	case len(data) == 1 && data[0] == isNil:
		return nil, nil
	case len(data) > 1 && data[0] == isGob:
		return fromGob(data[1:])
	}
	return nil, errCorrupt
}

// toGob encodes v together with its type. Behind the pointer gob sees an interface.
func toGob(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func fromGob(data []byte) (v any, err error) {
	err = gob.NewDecoder(bytes.NewReader(data)).Decode(&v)
	return v, err
}
