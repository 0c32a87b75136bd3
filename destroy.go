package sessions

import (
	"context"
	"errors"
	"fmt"

	"github.com/gosessions/sessions/backends"
)

// errLeadsNowhere is like errMovedAway but for a store that keeps no tombstones, and
// that therefore cannot say why the token leads to no session.
var errLeadsNowhere = fmt.Errorf("%w: the token leads to no session: either the session has ended, or it has a new ID, of which this store keeps no trace", ErrConflict)

// Destroy ends the session at once. It removes the record; the response deletes the
// cookie. If the backend can swap, requests that are under way cannot bring the
// session back. With a stateless backend, a copy of the token stays valid until it
// expires, unless the backend can end sessions (cookie.Revocable). If the client
// sent the tokens of several sessions, Destroy ends all of them; for more than four
// it returns ErrAmbiguousToken. A handler that continues to use s uses a new
// session.
//
// An error means that the session may not have ended. ErrConflict means that
// another request gave it a new ID, which this request does not know: let the client
// try again. Stores that are shared with another framework keep no trace of old IDs;
// there, ErrConflict may also mean that the session had ended before, and the
// response deletes the cookie.
//
// Destroy also removes the record after the response has begun. With a stateless
// backend that cannot end sessions it then returns ErrCommitted, because only the
// cookie could be deleted.
func (s *Session) Destroy(ctx context.Context) error {
	ctx, tell := s.vault.collect(ctx)
	defer tell()
	if err := s.committing.lock(s.vault.timeout); err != nil {
		return err
	}
	defer s.committing.unlock()
	st := s.vault.primary

	s.mu.Lock()
	old, source, closed, rivals := s.stored, s.source, s.closed, s.rivals
	moved, nowhere := s.retired, s.worthless && !st.stateless && !st.tombstones()
	s.mu.Unlock()
	switch {
	case closed && !st.ends() && old.data != nil:
		return ErrCommitted
	case moved:
		return errMovedAway
	case rivals.tooMany:
		return fmt.Errorf("sessions: destroy: %w", ErrAmbiguousToken)
	}
	ctx, end := s.vault.trace(ctx, "destroy")
	ctx, cancel := s.vault.detach(ctx)
	defer cancel()
	err := s.vault.destroy(ctx, &old, source)
	err = errors.Join(err, s.vault.destroyAll(ctx, rivals.store, rivals.tokens))
	end(err)
	if err != nil {
		s.vault.tell(ctx, Event{Kind: EventFailed, Err: err})
		return err
	}
	s.forget()
	if old.data != nil || source != nil {
		e := Event{Kind: EventDestroyed, Subject: old.content.Subject}
		if old.data != nil && !st.stateless {
			e.Session = backends.PublicID(old.id)
		}
		s.vault.tell(ctx, e)
	}
	if nowhere {
		return errLeadsNowhere
	}
	return nil
}

// forget makes s a new session and lets the response delete the token of the old
// one. It takes s.mu.
func (s *Session) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored, s.source, s.rivals, s.journal, s.id = snapshot{}, nil, rivals{}, nil, ""
	s.content, s.owned = &s.stored.content, false
	if s.vault.primary.holds.Created {
		s.content.Created = now()
	}
	s.regenerate, s.retired, s.worthless, s.destroyed = 0, false, false, true
	s.failed, s.saveErr, s.doubt, s.unsure = nil, nil, nil, false
	s.reply = clearToken
	s.ends++
	s.version++
}

// close refuses further changes and saves nothing. It takes s.mu.
func (s *Session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}
