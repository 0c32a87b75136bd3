package sessions

import (
	"errors"
	"fmt"
)

// Update replaces the value under key with f(old); old is nil if there is none. If
// another request changes the session meanwhile, the commit runs f again with the
// value that is stored then, so that counters count. So f must have no side effects,
// and must not call Save, Destroy or Transact, which return an error if f runs again.
// If f returns an error, Update returns it; if f runs again, the commit does.
//
// Update returns the new value as this request sees it. After [Session.Save], Get
// returns the value that is stored.
func (s *Session) Update(key string, f func(old any) (any, error)) (any, error) {
	return update(s, key, f, func(err error) error { return err })
}

// Update replaces the value with f(old); old is the zero value if there is none.
// See [Session.Update].
func (k Key[T]) Update(s *Session, f func(old T) (T, error)) (T, error) {
	return update(s, string(k), f, k.named)
}

// update runs f without s.mu, so that f may use the session, and starts again if
// the session was changed meanwhile. named completes the errors about the value; it
// does not see those of f.
func update[T any](s *Session, key string, f func(old T) (T, error), named func(error) error) (zero T, _ error) {
	compute := func(data []byte) (value T, encoded []byte, err error) {
		if data != nil {
			if err := s.serializer().Unmarshal(data, &value); err != nil {
				return value, nil, named(fmt.Errorf("sessions: update: %w", err))
			}
		}
		if value, err = f(value); err != nil {
			return value, nil, err
		}
		if encoded, err = s.serializer().Marshal(asDeclared(value)); err != nil {
			return value, nil, named(fmt.Errorf("sessions: update: %w", err))
		}
		return value, encoded, nil
	}
	again := func(data []byte) ([]byte, error) {
		s.committing.updating.Add(1)
		defer s.committing.updating.Add(-1)
		_, encoded, err := compute(data)
		return encoded, err
	}
	for range maxUpdates {
		s.mu.Lock()
		old, version, ends, closed := lookup(s.content.Fields, key), s.version, s.ends, s.closed
		s.mu.Unlock()
		if closed {
			return zero, ErrCommitted
		}
		value, encoded, err := compute(old)
		if err != nil {
			return zero, err
		}
		s.mu.Lock()
		if s.ends != ends {
			s.mu.Unlock()
			return zero, ErrGone
		}
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
	return zero, errors.New("sessions: update: the function changes the session: let it only compute the new value")
}

// maxUpdates is how often update starts again because other goroutines of the
// request change the session.
const maxUpdates = 100
