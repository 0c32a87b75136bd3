package sessions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// Transact reads the session again, calls f to change it, and saves it at once. Use
// it for work that continues after the response has begun, as in server-sent events,
// websockets and jobs. If f returns an error, Transact returns it and saves nothing.
// If another request changes the session meanwhile, the changes are merged as
// always: functions given to Update run again, but f itself does not.
//
// It returns [errors.ErrUnsupported] if the client would need a new token: with a
// stateless backend, if the session is not stored, and if f regenerates the ID, or
// destroys the session and then sets new values. It returns ErrGone if the session
// has ended.
func (s *Session) Transact(ctx context.Context, f func(*Session) error) error {
	if err := s.committing.lock(s.vault.timeout); err != nil {
		return err
	}
	s.mu.Lock()
	before, source := s.stored, s.source
	s.mu.Unlock()
	s.committing.unlock()
	st := s.vault.primary
	switch {
	case st.stateless:
		return fmt.Errorf("sessions: transact: the record travels in the token: %w", errors.ErrUnsupported)
	case before.data == nil:
		return fmt.Errorf("sessions: transact: the session is not stored: %w", errors.ErrUnsupported)
	}
	t, err := transact(ctx, s.vault, before.id, before.token, source, f)
	switch {
	case t != nil && t.destroyed && s.isStoredAs(before.id):
		s.forget()
	case err == nil && !t.destroyed:
		s.follow(ctx, t, &before)
	}
	return err
}

// transact reads the session under id again, lets f change it, and saves it. It
// returns the session, also beside an error, unless it could not be read.
func transact(ctx context.Context, v *vault, id, token string, source *sourceRecord, f func(*Session) error) (*Session, error) {
	t := &Session{vault: v, source: source}
	if err := t.reread(ctx, id, token); err != nil {
		return nil, err
	}
	err := f(t)
	switch {
	case err != nil:
		return t, err
	case t.regenerate > 0 || t.destroyed && t.Changed():
		return t, fmt.Errorf("sessions: transact: a new ID needs a response: %w", errors.ErrUnsupported)
	case t.destroyed:
		return t, nil
	}
	return t, t.commit(ctx, answering)
}

// reread loads the record under id into s, which only the caller knows. The caller
// need not hold a lock.
func (s *Session) reread(ctx context.Context, id, token string) error {
	ctx, cancel := s.vault.detach(ctx)
	defer cancel()
	if err := s.vault.primary.read(ctx, id, fresh, s.vault.lifetime, &s.stored); err != nil {
		return gone(err)
	}
	if s.stored.content.Retired {
		return ErrGone
	}
	s.stored.token = token
	s.content = &s.stored.content
	return nil
}

// follow makes what t has saved the record that s is based on, and applies the
// request's own changes to it. before is what s was based on when the transaction
// began: if s has been saved since, follow reads the backend, because only that knows
// which save was the last. It holds s.committing, and s.mu except during I/O.
func (s *Session) follow(ctx context.Context, t *Session, before *snapshot) {
	if s.committing.lock(s.vault.timeout) != nil {
		s.mu.Lock()
		s.unsure = true
		s.mu.Unlock()
		return
	}
	defer s.committing.unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stored.id != before.id || s.stored.data == nil {
		return
	}
	if s.source != nil {
		s.source, s.reply = nil, t.reply
	}
	base := &t.stored
	if !bytes.Equal(s.stored.data, before.data) {
		latest := Session{vault: s.vault}
		token := s.stored.token
		if err := s.unlocked(func() error { return latest.reread(ctx, before.id, token) }); err != nil {
			s.unsure = true
			return
		}
		base = &latest.stored
	}
	switch {
	case s.doubt != nil:
		s.unsure = true // finishing the commit in doubt reads the record anyway
		return
	case bytes.Equal(base.data, s.stored.data):
		return // nothing has changed
	}
	s.rebase(base, 0)
}

// isStoredAs reports whether the session is stored under id. It takes s.mu.
func (s *Session) isStoredAs(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored.data != nil && s.stored.id == id
}
