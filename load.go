package sessions

import (
	"context"

	"github.com/gosessions/sessions/serializer"
)

// load returns the exchange's session. The first call reads it. load takes ex.mu.
func (ex *exchange) load() (*Session, error) {
	if s := ex.session.Load(); s != nil {
		return s, nil
	}
	ctx, tell := ex.mw.vault.collect(ex)
	defer tell() // after ex.mu is released, because the observer may load the session
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if s := ex.session.Load(); s != nil {
		return s, nil
	}
	if ex.begun {
		return nil, ErrCommitted
	}
	s, err := ex.loadLocked(ctx)
	if err != nil {
		return nil, err
	}
	ex.session.Store(s)
	return s, nil
}

// loadLocked reads the session that the request's tokens lead to, or returns a new
// one. ex.mu is held.
func (ex *exchange) loadLocked(ctx context.Context) (*Session, error) {
	v := ex.mw.vault
	started := v.started()
	ctx, end := v.trace(ctx, "load")
	detached, cancel := v.detach(ctx)
	defer cancel()
	s := &Session{vault: v, client: ex}
	s.content = &s.stored.content
	s.content.Fields = s.inline[:0]
	err := ex.loadInto(detached, s)
	end(err)
	if err != nil {
		v.tell(ctx, Event{Kind: EventFailed, Err: err, Duration: since(started)})
		return nil, err
	}
	s.keepAlive()
	if v.observe != nil && s.stored.data != nil {
		v.tell(ctx, Event{Kind: EventLoaded, Session: s.PublicID(), Subject: s.stored.content.Subject, Format: v.primary.format.Name(), Size: len(s.stored.data), Duration: since(started)})
	}
	return s, nil
}

// loadInto reads the session that the request's tokens lead to into s, which is not
// shared yet, or makes s a new session. ex.mu is held.
func (ex *exchange) loadInto(ctx context.Context, s *Session) error {
	v := ex.mw.vault
	tokens, via, result := ex.tokensOf(ctx, ex.mw.transports)
	ex.via = via
	if result != ambiguous && len(tokens) > 0 {
		var err error
		s.rivals.store = v.primary
		if result, s.rivals.tokens, err = v.find(ctx, v.primary, tokens, &s.stored); err != nil {
			return err
		}
		s.worthless = result == refused
	}
	if result == noToken || result == refused {
		found, err := ex.loadFromSources(ctx, s)
		if err != nil {
			return err
		}
		if found != noToken && found != refused {
			result = found
		}
	}
	switch result {
	case alive:
		s.worthless = false
		return nil
	case retired:
		s.retired = true
	case ambiguous:
		ex.several = true
		s.rivals.tooMany = len(s.rivals.tokens) == 0
	}
	s.stored = snapshot{content: serializer.Content{Fields: s.inline[:0]}}
	if v.primary.holds.Created {
		s.stored.content.Created = now()
	}
	return nil
}

// tokensOf returns the request's tokens and the index of the transport that carries
// them, which is the first one that carries any.
func (ex *exchange) tokensOf(ctx context.Context, transports []Transport) (tokens []string, via uint32, _ match) {
	for i, t := range transports {
		tokens, err := t.Tokens(ex.tokens[:0], ex.r)
		if err != nil {
			ex.mw.vault.tell(ctx, Event{Kind: EventAmbiguous, Err: err})
			return nil, uint32(i), ambiguous
		}
		if len(tokens) > 0 {
			return tokens, uint32(i), refused
		}
	}
	return nil, 0, noToken
}

// loadFromSources looks for the session in one source after the other. The first
// source that knows the token decides, even if it only knows that the token was
// retired. ex.mu is held.
func (ex *exchange) loadFromSources(ctx context.Context, s *Session) (match, error) {
	v := ex.mw.vault
	for i, transports := range ex.mw.sources {
		tokens, via, result := ex.tokensOf(ctx, transports)
		if result == refused {
			var err error
			var others []string
			result, s.source, others, err = v.findInSource(ctx, v.sources[i], tokens, &s.stored)
			if err != nil {
				return refused, err
			}
			if len(s.rivals.tokens) == 0 {
				s.rivals = rivals{store: v.sources[i], tokens: others}
			}
		}
		switch result {
		case alive:
			ex.via = ex.viaLike(transports[via])
			switch {
			case s.source == nil:
				s.reply = sendToken // the session has moved, but the client has its old token
			case s.stored.data == nil:
				s.content = &s.source.content
			}
			return alive, nil
		case retired, ambiguous:
			return result, nil
		}
	}
	return refused, nil
}

// viaLike returns the index of the primary store's transport that uses the same
// request header as t, or 0 if there is none.
func (ex *exchange) viaLike(t Transport) uint32 {
	for i, p := range ex.mw.transports {
		if p.Vary() == t.Vary() {
			return uint32(i)
		}
	}
	return 0
}

// Load returns the request's session. The first call reads the backend; further
// calls return the same session. ctx is the request's context, or one derived from
// it. If several middlewares are nested around a handler, Load returns the session
// of the innermost one.
//
// A visitor without a valid token gets a new, empty session. Nothing is stored or
// sent for it until the handler puts something into it. An error means that the
// session could not be read: answer with an error, for instance with [Error], and do
// not treat the visitor as logged out. After the response has begun, Load returns
// ErrCommitted, unless the session was loaded before.
func Load(ctx context.Context) (*Session, error) {
	ex, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, ErrNoMiddleware
	}
	return ex.load()
}

// FromContext returns the request's session if a handler has loaded it, otherwise
// false. It never reads the backend.
func FromContext(ctx context.Context) (*Session, bool) {
	ex, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, false
	}
	s := ex.session.Load()
	return s, s != nil
}

// Load is like the package-level [Load] but returns this middleware's session,
// even if another middleware is nested inside it.
func (mw *Middleware) Load(ctx context.Context) (*Session, error) {
	ex, ok := ctx.Value(mw).(*exchange)
	if !ok {
		return nil, ErrNoMiddleware
	}
	return ex.load()
}
