package sessions

import (
	"context"
	"errors"
	"fmt"
)

// Transact reads the session anew, lets f change it, and saves it at once. It
// is for work that goes on when the response has begun: server-sent events,
// websockets, jobs. f's error cancels it; f may run again when somebody else
// changed the session meanwhile, through the functions given to Update only.
//
// It returns [errors.ErrUnsupported] where the client would need a new token:
// with stateless backends, for sessions that are not stored, and if f
// regenerates the ID, or destroys the session and fills it again. ErrGone tells
// that the session has ended.
func (s *Session) Transact(ctx context.Context, f func(*Session) error) error {
	s.mu.Lock()
	id, token := s.stored.id, s.stored.token
	live, source := s.stored.data != nil, s.imported
	s.mu.Unlock()
	st := s.mw.primary
	switch {
	case st.stateless:
		return fmt.Errorf("sessions: transact: the record travels in the token: %w", errors.ErrUnsupported)
	case !live:
		return fmt.Errorf("sessions: transact: the session is not stored: %w", errors.ErrUnsupported)
	}
	t := &Session{mw: s.mw, imported: source}
	if err := t.reread(ctx, id, token); err != nil {
		return err
	}
	err := f(t)
	if t.destroyed {
		s.committing.Lock()
		defer s.committing.Unlock()
		if s.isStoredAs(id) {
			s.forget()
		}
	}
	switch {
	case err != nil:
		return err
	case t.regenerate > 0 || t.destroyed && t.Changed():
		return fmt.Errorf("sessions: transact: a new ID needs a response: %w", errors.ErrUnsupported)
	case t.destroyed:
		return nil
	}
	if err := t.commit(ctx, true); err != nil {
		return err
	}
	s.follow(t, id)
	return nil
}

// reread loads what is stored under id.
func (s *Session) reread(ctx context.Context, id, token string) error {
	ctx, cancel := s.mw.detach(ctx)
	defer cancel()
	if err := s.mw.primary.read(ctx, id, true, s.mw.config.Lifetime, &s.stored); err != nil {
		return gone(err)
	}
	if s.stored.content.Retired {
		return ErrGone
	}
	s.stored.token = token
	s.content = &s.stored.content
	return nil
}

// follow takes over what t has saved, with the request's own changes on top.
func (s *Session) follow(t *Session, id string) {
	s.committing.Lock()
	defer s.committing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stored.id != id {
		return
	}
	if s.imported != nil {
		s.imported, s.reply = nil, t.reply
	}
	s.rebase(&t.stored, 0)
}

func (s *Session) isStoredAs(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stored.data != nil && s.stored.id == id
}
