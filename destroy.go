package sessions

import (
	"context"
	"errors"
	"fmt"

	"github.com/gosessions/sessions/backends"
)

// errLeadsNowhere is errMovedAway for a token that leads nowhere in a store that
// keeps no tombstones.
var errLeadsNowhere = fmt.Errorf("%w: the token leads to no session: it has ended, or it lives on under an ID that this store cannot tell", ErrConflict)

// Destroy ends the session at once: its record is removed and the cookie is
// deleted with the response. Requests that are under way cannot bring it back. If
// the handler goes on to use the session, that is a new one. With a stateless
// backend a copy of the token stays valid until it expires. If the client sent
// the tokens of several sessions, all of them end; more than four are
// ErrAmbiguousToken.
//
// An error means that the session may live on. It is ErrConflict if another
// request has given it a new ID meanwhile, so that it lives on under an ID that
// this request does not know: let the client try again. Stores that are shared
// with another framework keep no trace of an old ID; there ErrConflict may also
// mean that the session had ended before, and the cookie is deleted.
//
// After the response has begun the record is removed all the same. If only a
// cookie could end the session, Destroy returns ErrCommitted then.
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
	case closed && st.stateless && old.data != nil:
		return ErrCommitted
	case moved:
		return errMovedAway
	case rivals.tooMany:
		return fmt.Errorf("sessions: destroy: %w", ErrAmbiguousToken)
	}
	ctx, cancel := s.vault.detach(ctx)
	defer cancel()
	err := s.vault.destroy(ctx, &old, source)
	err = errors.Join(err, s.vault.destroyAll(ctx, rivals.store, rivals.tokens))
	if err != nil {
		s.vault.tell(ctx, Event{Kind: EventFailed, Err: err})
		return err
	}
	s.forget()
	if old.data != nil || source != nil {
		e := Event{Kind: EventDestroyed}
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

// forget makes the session a new one, and has the client forget the old one.
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

// close ends the session's changes without saving them.
func (s *Session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}
