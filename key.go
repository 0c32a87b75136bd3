package sessions

// Key is the name of a session value and its type. Keys are constants and need
// no registration:
//
//	const visits sessions.Key[int] = "visits"
//
// T is anything that the format's serializer can encode and decode.
type Key[T any] string

// Get returns the value, the zero value where there is none. A stored value of
// another type is an error.
func (k Key[T]) Get(s *Session) (T, error) {
	var value T
	_, err := s.Decode(string(k), &value)
	return value, err
}

// Lookup is Get that also tells whether there is a value.
func (k Key[T]) Lookup(s *Session) (value T, found bool, err error) {
	found, err = s.Decode(string(k), &value)
	return value, found, err
}

// Set stores value. See [Session.Set].
func (k Key[T]) Set(s *Session, value T) error { return s.Set(string(k), value) }

// Delete removes the value. See [Session.Delete].
func (k Key[T]) Delete(s *Session) error { return s.Delete(string(k)) }

// Has tells whether there is a value.
func (k Key[T]) Has(s *Session) bool { return s.Has(string(k)) }

// Take returns the value and removes it. See [Session.Take].
func (k Key[T]) Take(s *Session) (T, error) {
	var value T
	_, err := s.take(string(k), &value)
	return value, err
}
