package sessions

import "fmt"

// Update replaces the value under key by what f makes of it; f gets nil where
// there is none. When another request changes the session at the same time, f
// runs again on what that one stored, so that counters count. f must have no
// side effects, and must not save the session; its error is returned, or fails
// the commit where it runs again.
// Update returns the new value as this request sees it; after [Session.Save],
// Get returns what is stored.
func (s *Session) Update(key string, f func(old any) (any, error)) (any, error) {
	return update(s, key, f)
}

// Update replaces the value by what f makes of it; f gets the zero value where
// there is none. See [Session.Update].
func (k Key[T]) Update(s *Session, f func(old T) (T, error)) (T, error) {
	return update(s, string(k), f)
}

// update runs f without holding the session's lock, so that f may use the
// session, and starts again if the session was changed meanwhile.
func update[T any](s *Session, key string, f func(old T) (T, error)) (zero T, _ error) {
	compute := func(data []byte) (value T, encoded []byte, err error) {
		if data != nil {
			if err := s.serializer().Unmarshal(data, &value); err != nil {
				return value, nil, fmt.Errorf("sessions: update: %w", err)
			}
		}
		if value, err = f(value); err != nil {
			return value, nil, err
		}
		if encoded, err = s.serializer().Marshal(value); err != nil {
			return value, nil, fmt.Errorf("sessions: update: %w", err)
		}
		return value, encoded, nil
	}
	again := func(data []byte) ([]byte, error) {
		_, encoded, err := compute(data)
		return encoded, err
	}
	for {
		s.mu.Lock()
		old, version, closed := lookup(s.content.Fields, key), s.version, s.closed
		s.mu.Unlock()
		if closed {
			return zero, ErrCommitted
		}
		value, encoded, err := compute(old)
		if err != nil {
			return zero, err
		}
		s.mu.Lock()
		current := s.version == version
		if current {
			err = s.changeLocked(change{kind: updateKey, key: key, value: encoded, update: again})
		}
		s.mu.Unlock()
		if err != nil {
			return zero, err
		}
		if current {
			return value, nil
		}
	}
}
