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
	return s.vault.deadline(s.content)
}

// Subject returns the owner to whom the session is bound, "" if there is none.
func (s *Session) Subject() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.content.Subject
}

// SetSubject binds the session to its owner, such as a user's ID, so that the
// owner's sessions can be listed and revoked; "" unbinds it. It returns
// [errors.ErrUnsupported] if the format cannot store it.
func (s *Session) SetSubject(subject string) error {
	if !s.vault.primary.holds.Subject {
		return fmt.Errorf("sessions: set subject: the format %s cannot store it: %w", s.vault.primary.format.Name(), errors.ErrUnsupported)
	}
	if len(subject) > maxSubject {
		return fmt.Errorf("sessions: set subject: it is longer than %d bytes", maxSubject)
	}
	return s.setMeta(func(c *serializer.Content) { c.Subject = subject })
}

// maxSubject is what an index can hold in every backend.
const maxSubject = 255

// SetPersistent decides whether the cookie outlives the browser ("remember
// me"). It returns [errors.ErrUnsupported] if the format cannot store it.
func (s *Session) SetPersistent(persistent bool) error {
	holds := &s.vault.primary.holds
	if key := holds.PersistenceKey; key != "" {
		if !persistent && s.vault.browserSession && !s.Has(key) {
			return nil // without the key it is not, either
		}
		return s.Set(key, persistent)
	}
	if !holds.Persistence {
		return fmt.Errorf("sessions: set persistent: the format %s cannot store it: %w", s.vault.primary.format.Name(), errors.ErrUnsupported)
	}
	p := serializer.BrowserSession
	if persistent {
		p = serializer.Persistent
	}
	return s.setMeta(func(c *serializer.Content) { c.Persistence = p })
}

// SetLifetime changes how long the session lives, counted from its creation. It
// returns [errors.ErrUnsupported] if the format cannot store it.
func (s *Session) SetLifetime(lifetime time.Duration) error {
	if !s.vault.primary.holds.Lifetime || !s.vault.primary.holds.Created {
		return fmt.Errorf("sessions: set lifetime: the format %s cannot store it: %w", s.vault.primary.format.Name(), errors.ErrUnsupported)
	}
	if lifetime < time.Second || lifetime > maxLifetime {
		return fmt.Errorf("sessions: set lifetime: %v is not between a second and 400 days", lifetime)
	}
	return s.setMeta(func(c *serializer.Content) { c.Lifetime = lifetime })
}

func (s *Session) setMeta(f func(*serializer.Content)) error {
	return s.change(change{kind: setMeta, meta: f})
}
