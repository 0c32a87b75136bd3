package sessions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// Middleware gives every request its session. It loads the session when a handler
// calls [Load], saves it once before the response begins, and sets and deletes the
// cookie. Use [New] to create one. A Middleware is safe for concurrent use.
type Middleware struct {
	config     Config
	vault      *vault
	transports []Transport
	sources    [][]Transport // as vault.sources
	warned     atomic.Bool   // the log says that browsers drop the cookie
	failures   throttle      // of the log
}

// New returns a middleware that keeps sessions in backend. A nil config means
// safe defaults. If backend or config is wrong, the error says what to change.
func New(backend Backend, config *Config) (*Middleware, error) {
	if isNil(backend) {
		return nil, errors.New("sessions: New: the backend is nil: give one, such as memory.New(nil)")
	}
	facts := backends.Describe(backend)
	if facts.Err != nil {
		return nil, facts.Err
	}
	mw := &Middleware{config: config.withDefaults(facts)}
	cfg := &mw.config
	if err := cfg.validate(facts); err != nil {
		return nil, err
	}
	if err := require(backend, cfg.Require); err != nil {
		return nil, err
	}
	mw.vault = &vault{policy: cfg.policy()}
	primary := Source{Backend: backend, Format: cfg.Format, Transport: cfg.Transport, IDs: cfg.IDs, Namespace: cfg.Namespace}
	var err error
	if mw.vault.primary, mw.transports, err = mw.open(primary, facts); err != nil {
		return nil, err
	}
	if err := mw.checkAgainstStore(); err != nil {
		return nil, err
	}
	for i, source := range cfg.Sources {
		if isNil(source.Backend) {
			return nil, fmt.Errorf("sessions: Config.Sources[%d]: the backend is nil", i)
		}
		facts := backends.Describe(source.Backend)
		sc := (&Config{Format: source.Format, Transport: source.Transport, IDs: source.IDs}).withDefaults(facts)
		source.Format, source.Transport, source.IDs = sc.Format, sc.Transport, sc.IDs
		st, transports, err := mw.open(source, facts)
		if err != nil {
			return nil, fmt.Errorf("sessions: Config.Sources[%d]: %w", i, err)
		}
		mw.vault.sources = append(mw.vault.sources, st)
		mw.sources = append(mw.sources, transports)
	}
	mw.vault.local = mw.vault.primary.local && len(mw.sources) == 0
	return mw, nil
}

// isNil reports whether b is nil, or a nil pointer with a type, which is what a
// constructor returns beside an error that was ignored.
func isNil(b Backend) bool {
	v := reflect.ValueOf(b)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// open checks the configuration of one backend and returns its store and
// transports.
func (mw *Middleware) open(s Source, facts backends.Facts) (*store, []Transport, error) {
	if facts.Err != nil {
		return nil, nil, facts.Err
	}
	weak, err := checkFormat(s.Format, facts)
	if err != nil {
		return nil, nil, err
	}
	for _, warning := range slices.Concat(facts.Warnings, weak) {
		mw.config.Logger.Warn("sessions: " + warning)
	}
	transports, cookie, err := prepareTransports(s, facts.Defaults)
	if err != nil {
		return nil, nil, err
	}
	namespace := s.Namespace
	if namespace == "" {
		namespace = withoutPrefix(cookie)
	}
	if namespace == "" {
		namespace = transports[0].Vary()
	}
	if len(namespace) > 255 {
		return nil, nil, errors.New("sessions: Config.Namespace is longer than 255 bytes")
	}
	settings := backends.Settings{
		Cookie: cookie, Lifetime: mw.config.Lifetime, ClockSkew: mw.config.ClockSkew, IdleTimeout: mw.config.IdleTimeout,
	}
	if facts.Stateless && mw.config.ExemptPersistent {
		settings.IdleTimeout = 0 // not every token has one; the TTL says which
	}
	b, err := backends.Bind(s.Backend, settings)
	if err != nil {
		return nil, nil, err
	}
	if !mw.config.DisableBreaker && !facts.Local && !facts.Stateless {
		b = backends.Breaker(b, mw.breaker())
	}
	return newStore(b, s.Format, s.IDs, namespace), transports, nil
}

// breaker returns the options of a breaker that also tells the observer and the log
// when it opens and closes.
func (mw *Middleware) breaker() *backends.BreakerOptions {
	options := mw.config.Breaker
	changed := options.Changed
	options.Changed = func(open bool) {
		if changed != nil {
			changed(open)
		}
		e := Event{Kind: EventBreaker}
		if open {
			e.Err = ErrUnavailable
			mw.config.Logger.Error("sessions: the backend is down: requests fail at once until it is back")
		} else {
			mw.config.Logger.Info("sessions: the backend is back")
		}
		mw.vault.tell(context.Background(), e)
	}
	return &options
}

// checkFormat returns what is wrong with f in a backend that states facts, and
// sentences about what is weak.
func checkFormat(f serializer.Format, facts backends.Facts) (weak []string, _ error) {
	if _, bound := f.(serializer.BoundFormat); bound && facts.Stateless {
		return nil, fmt.Errorf("sessions: Config.Format: records of the format %s belong to an ID, and a stateless backend keeps none: encrypt with cookie.New(cookie.Encrypted(key)), and use the format inside", f.Name())
	}
	return serializer.Check(f)
}

// prepareTransports returns the transports of s, completed and checked, and the
// name of the first cookie among them.
func prepareTransports(s Source, d backends.Defaults) (transports []Transport, cookie string, _ error) {
	transports = flatten(s.Transport)
	switch {
	case len(transports) == 0:
		return nil, "", errNoTransport
	case slices.Contains(transports, nil):
		return nil, "", errors.New("sessions: Config.Transport is a chain that contains nil: leave that out")
	}
	native := d.Format == nil && s.Format.Holds().Writes
	for i, t := range transports {
		if p, ok := t.(presetTransport); ok {
			transports[i] = p.preset(d, native)
		}
		if c, ok := transports[i].(transportChecker); ok {
			if err := c.validate(); err != nil {
				return nil, "", err
			}
		}
		if c, ok := transports[i].(*cookieTransport); ok && cookie == "" {
			cookie = c.Name
		}
	}
	return transports, cookie, nil
}

// withoutPrefix returns the name of a cookie without a prefix that has a meaning
// to browsers.
func withoutPrefix(name string) string {
	for _, prefix := range []string{"__Host-Http-", hostPrefix, "__Secure-", "__Http-"} {
		if len(name) > len(prefix) && name[:len(prefix)] == prefix {
			return name[len(prefix):]
		}
	}
	return name
}

// checkAgainstStore returns an error if the configuration asks for something that
// the primary store cannot do. It logs what the operator should know about the
// store.
func (mw *Middleware) checkAgainstStore() error {
	cfg, st := &mw.config, mw.vault.primary
	switch {
	case cfg.IdleTimeout > 0 && !st.holds.Created:
		return fmt.Errorf("sessions: Config.IdleTimeout: the format %s cannot record it: use the native format, or leave it out", st.format.Name())
	case cfg.MaxPerSubject > 0 && !st.subjects:
		return errors.New("sessions: Config.MaxPerSubject: the backend has no subject index: use memory, redis or postgres, or leave it out")
	case cfg.MaxPerSubject > 0 && !st.holds.Subject:
		return fmt.Errorf("sessions: Config.MaxPerSubject: the format %s cannot store a subject: use the native format", st.format.Name())
	}
	switch {
	case st.revokes:
	case st.stateless:
		cfg.Logger.Info("sessions: the backend is stateless: Destroy deletes the cookie, but a copy of its token stays valid until it expires: see cookie.Revocable")
	case !st.swaps:
		cfg.Logger.Warn("sessions: the backend cannot swap: concurrent requests may overwrite each other's changes, and one of them may bring back a destroyed session")
	}
	return nil
}

// Handler returns a handler that calls next with a request whose context carries
// the session. It has the signature that routers expect of middleware.
func (mw *Middleware) Handler(next http.Handler) http.Handler {
	var checked atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mw.serve(w, r, next, &checked)
	})
}

// serve lets next answer r. checked is as for mayServe.
func (mw *Middleware) serve(w http.ResponseWriter, r *http.Request, next http.Handler, checked *atomic.Bool) {
	ex := &exchange{mw: mw, w: w, r: r, before: linesOf(w.Header())}
	ex.inner = *r.WithContext(ex) // copied, the result of WithContext stays on the stack
	defer ex.end()
	if ex.mayServe(checked) {
		next.ServeHTTP(newResponse(ex), &ex.inner)
	}
	ex.served = true
}

// mayServe loads the session if Autoload asks for it, and reports whether the
// handler may run. The first request checks that no middleware with the same
// token is outside of this one.
func (ex *exchange) mayServe(checked *atomic.Bool) bool {
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

// misplaced reports whether an outer middleware uses the same cookie or header.
func (mw *Middleware) misplaced(ex *exchange) bool {
	outer, _ := ex.r.Context().Value(exchangeKey{}).(*exchange)
	for ; outer != nil; outer, _ = outer.r.Context().Value(exchangeKey{}).(*exchange) {
		for _, a := range mw.transports {
			for _, b := range outer.mw.transports {
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
	if a, ok := a.(*cookieTransport); ok {
		b, ok := b.(*cookieTransport)
		return ok && a.Name == b.Name
	}
	return a.Vary() == b.Vary() && a.Vary() != "Cookie"
}
