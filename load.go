package sessions

import (
	"context"

	"github.com/gosessions/sessions/serializer"
)

// load returns the exchange's session, reading it the first time.
func (ex *exchange) load() (*Session, error) {
	if s := ex.session.Load(); s != nil {
		return s, nil
	}
	ctx, tell := ex.mw.vault.collect(ex)
	defer tell() // after ex.mu is released: the observer may load the session
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

// loadLocked reads the session that the request's tokens lead to, or makes a new
// one. ex.mu is held.
func (ex *exchange) loadLocked(ctx context.Context) (*Session, error) {
	v := ex.mw.vault
	started := v.started()
	detached, cancel := v.detach(ctx)
	defer cancel()
	s := &Session{vault: v, client: ex}
	s.content = &s.stored.content
	s.content.Fields = s.inline[:0]
	if err := ex.loadInto(detached, s); err != nil {
		v.tell(ctx, Event{Kind: EventFailed, Err: err, Duration: since(started)})
		return nil, err
	}
	s.keepAlive()
	if v.observe != nil && s.stored.data != nil {
		v.tell(ctx, Event{Kind: EventLoaded, Session: s.PublicID(), Format: v.primary.format.Name(), Size: len(s.stored.data), Duration: since(started)})
	}
	return s, nil
}

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

// tokensOf returns the request's tokens. Only the first of transports that
// carries any counts.
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

// loadFromSources asks one source after the other. The first that knows the
// token decides, even if it only knows that the token is worthless.
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
				s.reply = sendToken // it was imported before; the client does not know
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

// viaLike returns the transport of the primary store that uses the same kind of
// header as t, the first one if there is none.
func (ex *exchange) viaLike(t Transport) uint32 {
	for i, p := range ex.mw.transports {
		if p.Vary() == t.Vary() {
			return uint32(i)
		}
	}
	return 0
}

// Load returns the request's session. The first call reads the backend, further
// ones return the same session. ctx is the request's context, or one made from
// it. If several middlewares are nested around a handler, Load returns the
// innermost one's session.
//
// A visitor without a valid token gets a new, empty session, of which nothing is
// stored or sent until it holds something. An error means that the visitor's
// session is unknown: answer with it, for instance with [Error], and do not
// treat the visitor as new. After the first byte of the response Load returns
// ErrCommitted, unless the session was loaded before.
func Load(ctx context.Context) (*Session, error) {
	ex, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, ErrNoMiddleware
	}
	return ex.load()
}

// FromContext returns the session that was loaded for this request, and false if
// none was. It never reads the backend.
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
