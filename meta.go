package sessions

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/gosessions/sessions/serializer"
)

// Created returns when the session began, or the zero time if the format does not
// store it.
func (s *Session) Created() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.content.Created
}

// Expires returns when the session ends, however much it is used, or the zero time
// if the format does not store when it began.
func (s *Session) Expires() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.vault.deadline(s.content)
}

// Subject returns the owner of the session, as set by SetSubject, or "" if there is
// none.
func (s *Session) Subject() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.content.Subject
}

// Label returns the label that SetLabel has set, or "" if there is none.
func (s *Session) Label() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.content.Label
}

// SetSubject sets the owner of the session, such as a user's ID, so that the owner's
// sessions can be listed and revoked: see [Middleware.List]. "" means no owner. A
// subject has at most 255 bytes. SetSubject returns [errors.ErrUnsupported] if the
// format cannot store a subject.
func (s *Session) SetSubject(subject string) error {
	if !s.vault.primary.holds.Subject {
		return fmt.Errorf("sessions: set subject: the format %s cannot store it: %w", s.vault.primary.format.Name(), errors.ErrUnsupported)
	}
	if len(subject) > maxSubject {
		return fmt.Errorf("sessions: set subject: the subject is longer than %d bytes", maxSubject)
	}
	return s.setMeta(func(c serializer.Content) serializer.Content { c.Subject = subject; return c })
}

// maxSubject is the length of a subject that every backend can index.
const maxSubject = 255

// SetLabel sets how [Middleware.List] shows the session to its owner, such as the name
// of the browser and the place of the login. "" means no label. A label has at most
// 255 bytes of UTF-8. SetLabel returns [errors.ErrUnsupported] if the format cannot
// store a label.
func (s *Session) SetLabel(label string) error {
	switch {
	case !s.vault.primary.holds.Label:
		return fmt.Errorf("sessions: set label: the format %s cannot store it: %w", s.vault.primary.format.Name(), errors.ErrUnsupported)
	case len(label) > maxLabel:
		return fmt.Errorf("sessions: set label: the label is longer than %d bytes: shorten it", maxLabel)
	case !utf8.ValidString(label):
		return errors.New("sessions: set label: the label is not valid UTF-8: see strings.ToValidUTF8")
	}
	return s.setMeta(func(c serializer.Content) serializer.Content { c.Label = label; return c })
}

// maxLabel is the length of a label: enough for a browser's name and a place.
const maxLabel = 255

// SetPersistent sets whether the cookie stays when the browser is closed, as for
// "remember me". The default depends on [Config.BrowserSession]. It does not extend
// [Config.IdleTimeout], unless [Config.ExemptPersistent] says so. SetPersistent
// returns [errors.ErrUnsupported] if the format cannot store it.
func (s *Session) SetPersistent(persistent bool) error {
	holds := &s.vault.primary.holds
	if key := holds.PersistenceKey; key != "" {
		if !persistent && s.vault.browserSession && !s.Has(key) {
			return nil // without the key the cookie is not persistent, either
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
	return s.setMeta(func(c serializer.Content) serializer.Content { c.Persistence = p; return c })
}

// SetLifetime sets how long the session lives from its creation, instead of
// [Config.Lifetime]: at least a second and at most 400 days. It returns
// [errors.ErrUnsupported] if the format cannot store it.
func (s *Session) SetLifetime(lifetime time.Duration) error {
	if !s.vault.primary.holds.Lifetime || !s.vault.primary.holds.Created {
		return fmt.Errorf("sessions: set lifetime: the format %s cannot store it: %w", s.vault.primary.format.Name(), errors.ErrUnsupported)
	}
	if lifetime < time.Second || lifetime > maxLifetime {
		return fmt.Errorf("sessions: set lifetime: %v is not between a second and 400 days", lifetime)
	}
	return s.setMeta(func(c serializer.Content) serializer.Content { c.Lifetime = lifetime; return c })
}

func (s *Session) setMeta(f metaFunc) error {
	return s.change(change{kind: setMeta, meta: f})
}
