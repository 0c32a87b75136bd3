package sessions

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// load returns the exchange's session, reading it the first time.
func (ex *exchange) load() (*Session, error) {
	if s := ex.session.Load(); s != nil {
		return s, nil
	}
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if s := ex.session.Load(); s != nil {
		return s, nil
	}
	if ex.begun {
		return nil, ErrCommitted
	}
	s, err := ex.loadLocked()
	if err != nil {
		return nil, err
	}
	ex.session.Store(s)
	return s, nil
}

func (ex *exchange) loadLocked() (*Session, error) {
	mw := ex.mw
	started := mw.started()
	ctx, cancel := mw.detach(ex)
	defer cancel()
	s := &Session{mw: mw, ex: ex}
	s.content = &s.stored.content
	s.content.Fields = s.inline[:0]
	err := mw.loadInto(ctx, ex.r, s)
	if err != nil {
		mw.observe(ctx, Event{Kind: EventFailed, Err: err, Duration: since(started)})
		return nil, err
	}
	if mw.config.Observe != nil && s.stored.data != nil {
		mw.observe(ctx, Event{Kind: EventLoaded, Session: s.ID(), Format: mw.primary.format.Name(), Size: len(s.stored.data), Duration: since(started)})
	}
	return s, nil
}

// outcome is what a request's tokens led to in one store.
type outcome uint8

const (
	noToken outcome = iota
	refused
	tossed  // two different ones are valid
	retired // valid until the session was regenerated
	alive
)

func (mw *Middleware) loadInto(ctx context.Context, r *http.Request, s *Session) error {
	result, err := mw.find(ctx, mw.primary, r, s, &s.stored)
	if err != nil {
		return err
	}
	switch result {
	case alive:
		return nil
	case retired:
		s.retired = true
		s.stored = stored{}
	case noToken, refused:
		result, err := mw.importFromAny(ctx, r, s)
		if err != nil || result == alive {
			return err
		}
		s.retired = result == retired
		s.tossed = result == tossed
	}
	s.stored.content = serializer.Content{Fields: s.inline[:0]}
	if mw.primary.holds.Created {
		s.stored.content.Created = now()
	}
	return nil
}

// importFromAny asks one source after the other. The first that knows the token
// decides, if only by knowing that it is worthless.
func (mw *Middleware) importFromAny(ctx context.Context, r *http.Request, s *Session) (outcome, error) {
	for _, source := range mw.sources {
		result, err := mw.importFrom(ctx, source, r, s)
		if err != nil || result == alive || result == retired || result == tossed {
			return result, err
		}
	}
	return refused, nil
}

// now returns the time as records keep it.
func now() time.Time { return time.Now().Truncate(time.Second) }

// find looks in st for the session that r's tokens lead to. Only the first
// transport that carries anything counts, and the work is bounded.
func (mw *Middleware) find(ctx context.Context, st *store, r *http.Request, s *Session, into *stored) (outcome, error) {
	for carrier, t := range st.transports {
		tokens, err := t.Tokens(s.tokens[:0], r)
		if err != nil {
			mw.observe(ctx, Event{Kind: EventTossed, Err: err})
			return tossed, nil
		}
		if len(tokens) == 0 {
			continue
		}
		s.carrier = uint32(carrier)
		return mw.findAmong(ctx, st, tokens, into)
	}
	return noToken, nil
}

// findAmong tries tokens. Of several, exactly one may be valid: anything else
// is the work of somebody who plants cookies.
func (mw *Middleware) findAmong(ctx context.Context, st *store, tokens []string, into *stored) (outcome, error) {
	result, reads := refused, 0
	for _, token := range tokens[:min(len(tokens), triedTokens)] {
		id, ok := st.admit(token)
		if !ok {
			mw.refuse(ctx, token, nil)
			continue
		}
		if !st.stateless {
			if reads == readTokens {
				break
			}
			reads++
		}
		candidate := into
		if result != refused {
			candidate = new(stored)
		}
		candidate.token = token
		err := st.read(ctx, id, false, mw.config.Lifetime, candidate)
		switch {
		case err == nil && candidate.content.Retired:
			if mw.config.Observe != nil {
				mw.observe(ctx, Event{Kind: EventRetired, Session: fingerprint(token)})
			}
			if result == refused {
				result = retired
			}
		case err == nil && result == alive:
			if mw.config.Observe != nil {
				mw.observe(ctx, Event{Kind: EventTossed, Session: fingerprint(token)})
			}
			*into = stored{}
			return tossed, nil
		case err == nil:
			if candidate != into {
				*into = *candidate
			}
			result = alive
		case errors.Is(err, ErrNotFound):
			mw.refuse(ctx, token, err)
			*candidate = stored{content: serializer.Content{Fields: candidate.content.Fields[:0]}}
		case errors.Is(err, serializer.ErrCorrupt):
			if mw.config.Observe != nil {
				mw.observe(ctx, Event{Kind: EventCorrupt, Session: fingerprint(token), Format: st.format.Name(), Err: err})
			}
			*candidate = stored{}
		default:
			return refused, err
		}
	}
	return result, nil
}

func (mw *Middleware) refuse(ctx context.Context, token string, err error) {
	if mw.config.Observe != nil {
		mw.observe(ctx, Event{Kind: EventRefused, Session: fingerprint(token), Err: err})
	}
}

// started returns the time if somebody wants to know durations.
func (mw *Middleware) started() time.Time {
	if mw.config.Observe == nil {
		return time.Time{}
	}
	return time.Now()
}

func since(started time.Time) time.Duration {
	if started.IsZero() {
		return 0
	}
	return time.Since(started)
}
