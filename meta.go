package sessions

import (
	"errors"
	"fmt"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// Created returns when the session began, the zero time where the format does
// not store it.
func (s *Session) Created() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.content.Created
}

// Expires returns when the session ends however much it is used, the zero time
// where the format does not store it.
func (s *Session) Expires() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return deadline(s.content, s.mw.config.Lifetime)
}

// Subject returns whose session it is, "" where no one was bound.
func (s *Session) Subject() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.content.Subject
}

// SetSubject binds the session to its owner, such as a user's ID, so that the
// owner's sessions can be listed and revoked; "" unbinds it. It returns
// [errors.ErrUnsupported] where the format cannot store it.
func (s *Session) SetSubject(subject string) error {
	if !s.mw.primary.holds.Subject {
		return fmt.Errorf("sessions: set subject: the format %s cannot store it: %w", s.mw.primary.format.Name(), errors.ErrUnsupported)
	}
	if len(subject) > maxSubject {
		return fmt.Errorf("sessions: set subject: it is longer than %d bytes", maxSubject)
	}
	return s.setMeta(func(c *serializer.Content) { c.Subject = subject })
}

// maxSubject is what an index can hold in every backend.
const maxSubject = 255

// SetPersistent decides whether the cookie outlives the browser ("remember
// me"). It returns [errors.ErrUnsupported] where the format cannot store it.
func (s *Session) SetPersistent(persistent bool) error {
	holds := &s.mw.primary.holds
	if key := holds.PersistenceKey; key != "" {
		if !persistent && s.mw.config.BrowserSession && !s.Has(key) {
			return nil // without the key it is not, either
		}
		return s.Set(key, persistent)
	}
	if !holds.Persistence {
		return fmt.Errorf("sessions: set persistent: the format %s cannot store it: %w", s.mw.primary.format.Name(), errors.ErrUnsupported)
	}
	p := serializer.BrowserSession
	if persistent {
		p = serializer.Persistent
	}
	return s.setMeta(func(c *serializer.Content) { c.Persistence = p })
}

// SetLifetime changes how long the session lives, counted from its creation. It
// returns [errors.ErrUnsupported] where the format cannot store it.
func (s *Session) SetLifetime(lifetime time.Duration) error {
	if !s.mw.primary.holds.Lifetime || !s.mw.primary.holds.Created {
		return fmt.Errorf("sessions: set lifetime: the format %s cannot store it: %w", s.mw.primary.format.Name(), errors.ErrUnsupported)
	}
	if lifetime < time.Second || lifetime > maxLifetime {
		return fmt.Errorf("sessions: set lifetime: %v is not between a second and 400 days", lifetime)
	}
	return s.setMeta(func(c *serializer.Content) { c.Lifetime = lifetime })
}

func (s *Session) setMeta(f func(*serializer.Content)) error {
	return s.change(change{kind: setMeta, meta: f})
}

// persistent tells whether the browser is to keep the cookie.
func (s *Session) persistent(content *serializer.Content) bool {
	switch s.mw.primary.persistence(content) {
	case serializer.Persistent:
		return true
	case serializer.BrowserSession:
		return false
	}
	return !s.mw.config.BrowserSession
}

// persistence returns what content says about that, by itself or by a value.
func (st *store) persistence(content *serializer.Content) serializer.Persistence {
	if key := st.holds.PersistenceKey; key != "" {
		var persistent bool
		if data := lookup(content.Fields, key); data != nil && st.values.Unmarshal(data, &persistent) == nil {
			if persistent {
				return serializer.Persistent
			}
			return serializer.BrowserSession
		}
	}
	return content.Persistence
}

// expires returns until when the browser keeps the cookie of a session that is
// saved at now; the zero time stands for the browser's own end.
func (s *Session) expires(content *serializer.Content, now time.Time) time.Time {
	if !s.persistent(content) {
		return time.Time{}
	}
	if end := deadline(content, s.mw.config.Lifetime); !end.IsZero() {
		return end
	}
	return now.Add(s.mw.config.Lifetime)
}
