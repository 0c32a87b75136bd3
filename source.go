package sessions

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// Source is where sessions were kept before: another backend, format or
// cookie. It is asked when the backend does not know a token, and only then: a
// failure never falls through. What is found there moves to the backend with
// the response, values and types carried over; the old record is removed and
// the old cookie deleted.
//
// The token of a stateless source stays valid by itself: whoever kept a copy can
// come back with it, even after logging out, for as long as the source is
// listed.
type Source struct {
	Backend Backend

	// Format, Transport, IDs and Namespace are as in [Config], with the same
	// defaults.
	Format    serializer.Format
	Transport Transport
	IDs       IDs
	Namespace string
}

// imported is where a session came from that is not in the backend yet.
type imported struct {
	store   *store
	old     stored
	content serializer.Content // of old, as the primary store holds it
}

// importFrom finds the session that r's tokens lead to in a source, and makes it
// a session of the primary store that waits to be saved. It returns alive if it
// did.
func (mw *Middleware) importFrom(ctx context.Context, st *store, r *http.Request, s *Session) (outcome, error) {
	primary := s.carrier
	var old stored
	result, err := mw.find(ctx, st, r, s, &old)
	carrier := mw.carrierLike(st.transports[s.carrier])
	s.carrier = primary
	if err != nil || result == noToken || result == tossed {
		return result, err
	}
	if result == alive {
		s.imported = &imported{store: st, old: old}
	}
	// It may have been imported before: the client lost the answer that carried
	// its new token, or other requests are on their way. Asked in this order,
	// because an import creates the new record before it removes the old one.
	if found, err := mw.findImported(ctx, st, s, old.token); found || err != nil {
		s.carrier = carrier
		return alive, err
	}
	if result != alive {
		return result, nil
	}
	content, err := convert(&old.content, st, mw.primary)
	if err != nil {
		if mw.config.Observe != nil {
			mw.observe(ctx, Event{Kind: EventCorrupt, Session: fingerprint(old.token), Format: st.format.Name(), Err: err})
		}
		s.imported = nil
		return refused, nil
	}
	if content.Created.IsZero() && mw.primary.holds.Created {
		content.Created = now()
	}
	s.imported.content = content
	s.content = &s.imported.content
	s.carrier = carrier
	mw.observe(ctx, Event{Kind: EventImported, Format: st.format.Name(), Size: len(old.data)})
	return alive, nil
}

// findImported finds the session that was imported for token before, or, where
// the source does not know one any more, for the one that was just tried there.
func (mw *Middleware) findImported(ctx context.Context, st *store, s *Session, token string) (bool, error) {
	if token == "" && !st.stateless {
		token = s.tokens[0]
		if _, ok := st.admit(token); !ok {
			return false, nil
		}
	}
	if token == "" || !mw.derives() {
		return false, nil
	}
	token = mw.derive(token)
	err := mw.primary.read(ctx, mw.primary.key(token), true, mw.config.Lifetime, &s.stored)
	if err == nil && !s.stored.content.Retired {
		s.stored.token = token
		if s.imported == nil { // else the commit says so
			s.reply = sendToken
		}
		return true, nil
	}
	s.stored = stored{content: serializer.Content{Fields: s.inline[:0]}}
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return false, err
}

// derives tells whether imported sessions get a token that follows from the old
// one.
func (mw *Middleware) derives() bool { return !mw.primary.stateless && mw.primary.minter == nil }

// derive returns the token of the session that is imported for an older one.
func (mw *Middleware) derive(token string) string {
	return derivedID(mw.primary.namespace, token)
}

// carrierLike returns the transport of the primary store that uses the same
// kind of header as t, the first one where there is none.
func (mw *Middleware) carrierLike(t Transport) uint32 {
	for i, p := range mw.primary.transports {
		if p.Vary() == t.Vary() {
			return uint32(i)
		}
	}
	return 0
}

// retire removes what the session was imported from. With compare it fails with
// ErrConflict if that was changed since it was read, and with ErrNotFound if it
// is not there any more.
func (im *imported) retire(ctx context.Context, compare bool) error {
	switch {
	case im.store.stateless:
		return nil
	case !compare:
		return wrapNil(backends.OpRemove, im.store.backend.Remove(ctx, im.old.id))
	}
	return wrapNil(backends.OpSwap, im.store.swap(ctx, im.old.id, im.old.data, Record{}))
}

// convert returns content, which from holds, as to holds it.
func convert(content *serializer.Content, from, to *store) (serializer.Content, error) {
	holds := &to.holds
	result := serializer.Content{Fields: cloneFields(content.Fields)}
	if holds.Created {
		result.Created = content.Created
	}
	if holds.Lifetime && !content.Created.IsZero() {
		result.Lifetime = content.Lifetime
	}
	if holds.Subject {
		result.Subject = content.Subject
	}
	if from.values.Name() != to.values.Name() {
		if err := transcode(result.Fields, from, to); err != nil {
			return result, err
		}
	}
	persistence := from.persistence(content)
	if persistence == serializer.PersistenceDefault && from.defaults.BrowserSession {
		persistence = serializer.BrowserSession
	}
	if holds.Persistence {
		result.Persistence = persistence
	}
	if key := holds.PersistenceKey; key != "" && persistence == serializer.Persistent && index(result.Fields, key) < 0 {
		data, err := to.values.Marshal(true)
		if err != nil {
			return result, fmt.Errorf("sessions: import into %s: %w", to.format.Name(), err)
		}
		put(&result, key, data)
	}
	return result, nil
}

// transcode turns the values of fields into those that to holds.
func transcode(fields []serializer.Field, from, to *store) error {
	for i := range fields {
		var value any
		if err := from.values.Unmarshal(fields[i].Value, &value); err != nil {
			return fmt.Errorf("sessions: import from %s: %w", from.format.Name(), err)
		}
		data, err := to.values.Marshal(value)
		if err != nil {
			return fmt.Errorf("sessions: import into %s: %w", to.format.Name(), err)
		}
		fields[i].Value = data
	}
	return nil
}
