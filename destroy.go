package sessions

import (
	"context"
	"errors"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Destroy ends the session at once: its record is removed and the cookie is
// deleted with the response. Requests that are under way cannot bring it back. If
// the handler goes on to use the session, that is a new one. With a stateless
// backend a copy of the token stays valid until it expires.
//
// An error means that the session may live on. It is ErrConflict if another
// request has regenerated the ID meanwhile, so that the session lives on under
// one that this request does not know: let the client try again. After the
// response has begun the record is removed all the same; where only a cookie
// could end the session, Destroy returns ErrCommitted.
func (s *Session) Destroy(ctx context.Context) error {
	s.committing.Lock()
	defer s.committing.Unlock()
	st := s.mw.primary

	s.mu.Lock()
	old, source, closed := s.stored, s.imported, s.closed
	s.mu.Unlock()
	if closed && st.stateless && old.data != nil {
		return ErrCommitted
	}
	ctx, cancel := s.mw.detach(ctx)
	defer cancel()
	if err := s.mw.remove(ctx, &old, source); err != nil {
		s.mw.observe(ctx, Event{Kind: EventFailed, Err: err})
		return err
	}
	s.forget()
	if old.data != nil || source != nil {
		e := Event{Kind: EventDestroyed}
		if old.data != nil && !st.stateless {
			e.Session = handle(old.id)
		}
		s.mw.observe(ctx, e)
	}
	return nil
}

// remove takes away what is stored of a session, and what it was imported from.
func (mw *Middleware) remove(ctx context.Context, old *stored, source *imported) error {
	var err error
	switch {
	case mw.primary.stateless:
	case old.data != nil:
		err = mw.primary.end(ctx, old, mw.config.Lifetime)
	}
	if source == nil {
		return err
	}
	err = errors.Join(err, source.retire(ctx, false))
	if old.data == nil && mw.derives() {
		// Another request may have imported it meanwhile.
		id := mw.primary.key(mw.derive(source.old.token))
		err = errors.Join(err, wrapNil(backends.OpRemove, mw.primary.backend.Remove(ctx, id)))
	}
	return err
}

// end removes the record that was read as old, with what others have changed in
// it since. A marker is not removed: the session is alive under another ID, and
// it would be a lie to say that it has ended.
func (st *store) end(ctx context.Context, old *stored, lifetime time.Duration) error {
	data := old.data
	for tries := 0; st.holds.Retired && tries < maxEnds; tries++ {
		err := st.swap(ctx, old.id, data, Record{})
		switch {
		case err == nil || errors.Is(err, ErrNotFound):
			return nil
		case !errors.Is(err, ErrConflict) && tries >= maxFailures:
			return wrap(backends.OpSwap, err)
		}
		var found stored
		switch known := st.read(ctx, old.id, true, lifetime, &found); {
		case errors.Is(known, ErrNotFound):
			return nil
		case found.data == nil:
			return wrap(backends.OpSwap, err)
		case known == nil && found.content.Retired:
			return ErrConflict
		}
		data = found.data
	}
	return wrapNil(backends.OpRemove, st.backend.Remove(ctx, old.id))
}

// maxEnds is how often a record may change under a request that removes it
// before it is removed without looking.
const maxEnds = 20

// forget makes the session a new one, and has the client forget the old one.
func (s *Session) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored, s.imported, s.journal, s.id = stored{}, nil, nil, ""
	s.content, s.owned = &s.stored.content, false
	if s.mw.primary.holds.Created {
		s.content.Created = now()
	}
	s.regenerate, s.retired, s.destroyed, s.failed = 0, false, true, nil
	s.reply = clearToken
	s.version++
}

// close ends the session's changes without saving them.
func (s *Session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}
