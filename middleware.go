package sessions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// Middleware gives every request its session. It finds the token, loads the
// session when a handler asks for it, saves it once before the response begins,
// and owns the cookie's life. Make one with [New]; it is safe for concurrent use.
type Middleware struct {
	config  Config
	primary *store
	sources []*store
	queue   queue
}

// New returns a middleware that keeps sessions in backend. A nil config is safe.
// Everything that is wrong with either of them is an error that says what to
// change.
func New(backend Backend, config *Config) (*Middleware, error) {
	if backend == nil {
		return nil, errors.New("sessions: New: the backend is nil: give one, such as memory.New(nil)")
	}
	facts := backends.Describe(backend)
	mw := &Middleware{config: config.withDefaults(facts.Defaults)}
	cfg := &mw.config
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := require(backend, cfg.Require); err != nil {
		return nil, err
	}
	var err error
	if mw.primary, err = mw.open(backend, cfg.Format, cfg.Transport, cfg.IDs, cfg.Namespace); err != nil {
		return nil, err
	}
	if err := mw.checkAgainstStore(); err != nil {
		return nil, err
	}
	for i, source := range cfg.Sources {
		if source.Backend == nil {
			return nil, fmt.Errorf("sessions: Config.Sources[%d]: the backend is nil", i)
		}
		sc := (&Config{Format: source.Format, Transport: source.Transport, IDs: source.IDs}).withDefaults(backends.Describe(source.Backend).Defaults)
		st, err := mw.open(source.Backend, sc.Format, sc.Transport, sc.IDs, source.Namespace)
		if err != nil {
			return nil, fmt.Errorf("sessions: Config.Sources[%d]: %w", i, err)
		}
		mw.sources = append(mw.sources, st)
	}
	return mw, nil
}

// open checks how a backend is used and makes a store of it.
func (mw *Middleware) open(b Backend, f serializer.Format, t Transport, ids IDs, namespace string) (*store, error) {
	facts := backends.Describe(b)
	if facts.Err != nil {
		return nil, facts.Err
	}
	for _, warning := range facts.Warnings {
		mw.config.Logger.Warn("sessions: " + warning)
	}
	d := facts.Defaults
	transports := flatten(t)
	switch {
	case len(transports) == 0:
		return nil, errNoTransport
	case slices.Contains(transports, nil):
		return nil, errors.New("sessions: Config.Transport is a chain with nil in it: leave that out")
	}
	native := d.Format == nil && f.Holds().Writes
	settings := backends.Settings{ClockSkew: mw.config.ClockSkew, Lifetime: mw.config.Lifetime, IdleTimeout: mw.config.IdleTimeout}
	for i, t := range transports {
		if p, ok := t.(presetTransport); ok {
			transports[i] = p.preset(d, native)
		}
		if c, ok := transports[i].(transportChecker); ok {
			if err := c.validate(); err != nil {
				return nil, err
			}
		}
		if c, ok := transports[i].(*jar); ok && settings.Cookie == "" {
			settings.Cookie = c.Name
		}
	}
	if namespace == "" {
		namespace = settings.Cookie
		for _, prefix := range []string{"__Host-Http-", hostPrefix, "__Secure-", "__Http-"} {
			if len(namespace) > len(prefix) && namespace[:len(prefix)] == prefix {
				namespace = namespace[len(prefix):]
				break
			}
		}
		if namespace == "" {
			namespace = transports[0].Vary()
		}
	}
	if len(namespace) > 255 {
		return nil, errors.New("sessions: Config.Namespace is longer than 255 bytes")
	}
	b, err := backends.Bind(b, settings)
	if err != nil {
		return nil, err
	}
	if !mw.config.DisableBreaker && !facts.Local && !facts.Stateless {
		b = backends.Breaker(b, nil)
	}
	return newStore(b, f, transports, ids, namespace), nil
}

// checkAgainstStore returns what the configuration asks of the store that it
// cannot do, and says once what the operator should know about it.
func (mw *Middleware) checkAgainstStore() error {
	cfg, st := &mw.config, mw.primary
	switch {
	case cfg.IdleTimeout > 0 && !st.holds.Created:
		return fmt.Errorf("sessions: Config.IdleTimeout: the format %s cannot record it: use the native format, or leave it out", st.format.Name())
	case cfg.MaxPerSubject > 0 && !backends.Has(st.backend, backends.CanSubjects):
		return errors.New("sessions: Config.MaxPerSubject: the backend has no subject index: use memory, redis or postgres, or leave it out")
	case cfg.MaxPerSubject > 0 && !st.holds.Subject:
		return fmt.Errorf("sessions: Config.MaxPerSubject: the format %s cannot store a subject: use the native format", st.format.Name())
	}
	switch {
	case st.stateless:
		cfg.Logger.Info("sessions: the backend is stateless: Destroy deletes the cookie, but a copy of its token stays valid until it expires")
	case !st.swaps:
		cfg.Logger.Warn("sessions: the backend cannot swap: concurrent requests may overwrite each other's changes, and one of them may bring back a destroyed session")
	}
	return nil
}

// Handler returns a handler that gives next's requests their sessions. It has
// the form that routers expect of middleware.
func (mw *Middleware) Handler(next http.Handler) http.Handler {
	var checked atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ex := &exchange{Context: r.Context(), mw: mw, w: w, r: r, cookies: slices.Clip(w.Header()["Set-Cookie"])}
		inner := r.WithContext(ex)
		defer ex.end(inner)
		if ex.admit(&checked) {
			next.ServeHTTP(ex.writer(), inner)
		}
		ex.served = true
	})
}

// admit loads the session where Autoload asks for it, and tells whether the
// handler may run. The first request checks how the middleware is wired.
func (ex *exchange) admit(checked *atomic.Bool) bool {
	if !checked.Load() {
		if ex.mw.misplaced(ex) {
			ex.fail(errNested)
			return false
		}
		checked.Store(true)
	}
	if load := ex.mw.config.Autoload; load != nil && load(ex.r) {
		if _, err := ex.load(); err != nil {
			ex.fail(err)
			return false
		}
	}
	return true
}

var errNested = errors.New("sessions: two middlewares with the same token wrap one handler: remove one, or give them different cookie names")

// misplaced tells whether an outer middleware of the same request uses the same
// cookie or header.
func (mw *Middleware) misplaced(ex *exchange) bool {
	outer, _ := ex.Context.Value(exchangeKey{}).(*exchange)
	for ; outer != nil; outer, _ = outer.Context.Value(exchangeKey{}).(*exchange) {
		for _, a := range mw.primary.transports {
			for _, b := range outer.mw.primary.transports {
				if sameCarrier(a, b) {
					mw.config.Logger.Error(errNested.Error())
					return true
				}
			}
		}
	}
	return false
}

func sameCarrier(a, b Transport) bool {
	if a, ok := a.(*jar); ok {
		b, ok := b.(*jar)
		return ok && a.Name == b.Name
	}
	return a.Vary() == b.Vary() && a.Vary() != "Cookie"
}

// Load returns the request's session. The first call reads the backend, further
// ones return the same session. ctx is the request's context, or one made from
// it; with several middlewares around a handler this is the innermost one's
// session.
//
// A visitor without a valid token gets a new, empty session, of which nothing is
// stored or sent until it holds something. An error means that the visitor's
// session is unknown: answer with it, for which [Error] is good, and do not
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

// Load is the function of that name for this middleware, which need not be the
// innermost one.
func (mw *Middleware) Load(ctx context.Context) (*Session, error) {
	ex, ok := ctx.Value(mw).(*exchange)
	if !ok {
		return nil, ErrNoMiddleware
	}
	return ex.load()
}

func (mw *Middleware) observe(ctx context.Context, e Event) {
	if mw.config.Observe != nil {
		mw.config.Observe(ctx, e)
	}
}
