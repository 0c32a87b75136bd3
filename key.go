package sessions

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/gosessions/sessions/serializer"
)

// Key is the name of a session value together with its type T. Declare keys as
// constants:
//
//	const visits sessions.Key[int] = "visits"
//
// T can be any type that the format's serializer encodes and decodes. Get returns
// what Set accepted; package serializer lists the exceptions. Errors name the key
// and the field, but never contain a value. The name of a Key is part of the
// program, and so must not be a secret.
type Key[T any] string

// Get returns the value, or the zero value if there is none. If the stored value
// does not fit T, Get returns an error.
func (k Key[T]) Get(s *Session) (T, error) {
	value, _, err := k.Lookup(s)
	return value, err
}

// Lookup is like Get but also reports whether there is a value.
func (k Key[T]) Lookup(s *Session) (value T, found bool, err error) {
	data := s.encoded(string(k))
	if data == nil || serializer.DecodeScalar(s.serializer(), data, &value) {
		return value, data != nil, nil
	}
	var other T // only this one is on the heap
	err = s.decode(data, &other)
	return other, true, k.named(err)
}

// Set stores value. See [Session.Set].
func (k Key[T]) Set(s *Session, value T) error {
	var room [scalarSize]byte
	if data, ok := serializer.AppendScalar(s.serializer(), room[:0], value); ok {
		return k.named(s.setScalar(string(k), data))
	}
	return k.named(s.Set(string(k), asDeclared(value)))
}

// scalarSize is the size of an encoded value that needs no allocation of its own: a
// number, or text of 38 bytes, such as a UUID. With it a draft fills a size of Go's
// allocator.
const scalarSize = 40

// asDeclared returns value, or a pointer to it if T is an interface with methods.
// The serializer must see that it is one: it refuses it, because it could not
// decode the value again.
func asDeclared[T any](value T) any {
	if t := reflect.TypeFor[T](); t.Kind() == reflect.Interface && t.NumMethod() > 0 {
		declared := value // only this copy escapes
		return &declared
	}
	return value
}

// Delete removes the value. See [Session.Delete].
func (k Key[T]) Delete(s *Session) error { return s.Delete(string(k)) }

// Has reports whether there is a value.
func (k Key[T]) Has(s *Session) bool { return s.Has(string(k)) }

// Take returns the value, or the zero value if there is none, and removes it. See
// [Session.Take].
func (k Key[T]) Take(s *Session) (T, error) {
	var value T
	_, err := s.take(string(k), &value)
	return value, k.named(err)
}

// named adds the key to an error about its value.
func (k Key[T]) named(err error) error {
	if err == nil || errors.Is(err, ErrCommitted) {
		return err
	}
	if inner := errors.Unwrap(err); inner != nil {
		err = inner // without "sessions: get: "
	}
	return fmt.Errorf("sessions: key %q: %w", string(k), err)
}
