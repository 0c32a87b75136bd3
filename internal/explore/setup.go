package explore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
)

// Setup is a store, how the middleware uses it, and what is stored before the
// requests begin: the sessions Main and Other, which both belong to Owner and
// hold k=1, n=0 and t=7. Other is a second older.
type Setup struct {
	Name string

	// Store makes an empty store. Every run has its own.
	Store func() sessions.Backend

	// Without are abilities that the middleware does not get to see.
	Without []backends.Ability

	// Local has the store say that it does not leave the process, so that the
	// middleware sets it no deadline. Conflates has it say ErrConflict where
	// ErrNotFound would be right, as a store may; SourceConflates the source.
	Local, Conflates, SourceConflates bool

	// Config of the middleware.
	Config sessions.Config

	// Source, if not nil, makes the store where Main and Other are at first.
	Source func() sessions.Backend

	// Replays says that the source's tokens are the sessions themselves, so that
	// one that was kept leads to its old content again whatever happened since.
	Replays bool

	// Carried says that the store keeps nothing: sessions travel with the client.
	Carried bool

	// Tokens, if not nil, makes the backend of each process, instead of Store: one
	// whose sessions travel with the client, and that keeps what has ended in a
	// store. That store is made by Ledger.
	Tokens func(ledger sessions.Backend) sessions.Backend
	Ledger func() sessions.Backend

	// Age is how long ago Main was stored.
	Age time.Duration

	// Bare leaves the sessions without an owner.
	Bare bool

	// Weak says that changes may be lost, because the store cannot swap. Of
	// requests that ran at the same time only those rules are checked that hold
	// all the same.
	Weak bool

	// Whole has each operation be one step, although the store takes several.
	Whole bool

	// Real says that the store is outside of this process. Then time passes as it
	// does, nothing waits for a deadline, and the store is not closed. Its client
	// calls [Pause].
	Real bool
}

// The sessions that exist, and whose they are.
const (
	Main  = "main"
	Other = "other"
	Owner = "ada"
)

// process is an instance of the application.
type process struct {
	mw *sessions.Middleware
}

// timeout is the middleware's.
const timeout = 2 * time.Second

// config returns the middleware's configuration. The source is gated too.
func (s *Setup) config(source sessions.Backend) *sessions.Config {
	c := s.Config
	c.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	c.DisableBreaker = true
	c.Timeout = timeout
	if s.Real {
		c.Timeout = time.Minute // for a machine that is busy
	}
	if source != nil {
		c.Sources = []sessions.Source{{Backend: source, Transport: sessions.Cookie{Name: "old"}}}
	}
	return &c
}

// gated returns b as the middleware sees it.
func (s *Setup) gated(b sessions.Backend, gate Gate, primary bool) sessions.Backend {
	if slices.Contains(backends.Abilities(b), backends.IsStateless) {
		return b // nothing is stored, and no step taken
	}
	if primary && s.Conflates || !primary && s.SourceConflates {
		gate = conflating(gate)
	}
	g := Gated(b, gate, s.Without...)
	if s.Local {
		if full, ok := g.(all); ok {
			return local{full}
		}
	}
	return g
}

// conflating returns gate for a store that cannot tell what is absent from what
// is different.
func conflating(gate Gate) Gate {
	return func(ctx context.Context, step Step, next func(context.Context) error) error {
		err := gate(ctx, step, next)
		if (step.Op == backends.OpSwap || step.Op == backends.OpRotate) && errors.Is(err, sessions.ErrNotFound) {
			return sessions.ErrConflict
		}
		return err
	}
}

// prepare stores the sessions that exist at first.
func (r *run) prepare() error {
	mw := r.probe
	if r.scenario.Setup.Source != nil {
		c := r.scenario.Setup.config(nil)
		c.Transport = sessions.Cookie{Name: "old"}
		c.MaxPerSubject, c.EvictOldest, c.IdleTimeout = 0, false, 0
		old, err := sessions.New(r.source, c)
		if err != nil {
			return err
		}
		mw = old
	}
	for i, name := range []string{Other, Main} {
		if i > 0 {
			r.world.clock.sleep(time.Second)
		}
		if err := r.create(mw, name, i); err != nil {
			return fmt.Errorf("explore: prepare: %w", err)
		}
	}
	r.world.clock.sleep(time.Second + r.scenario.Setup.Age)
	return nil
}

// create stores one session.
func (r *run) create(mw *sessions.Middleware, name string, age int) error {
	v := values{nameKey: name, "k": "1", "n": "0", "t": "7"}
	var err error
	w := httptest.NewRecorder()
	mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		s, failed := sessions.Load(hr.Context())
		if failed != nil {
			err = failed
			return
		}
		err = errors.Join(s.Set(nameKey, name), s.Set("k", 1), s.Set("n", 0), s.Set("t", 7))
		if !r.scenario.Setup.Bare {
			err = errors.Join(err, s.SetSubject(Owner))
			v[ownerKey] = Owner
		}
		r.publicID[name] = s.PublicID()
	})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "https://host/", nil))
	if err != nil {
		return err
	}
	if w.Code != http.StatusOK {
		return fmt.Errorf("status %d", w.Code)
	}
	r.initial[name] = jar{}
	r.initial[name].keep(w.Result().Cookies())
	r.first.sessions = append(r.first.sessions, session{name: name, alive: true, born: age, values: v})
	return nil
}

// cookies returns the jar of a client that carries these sessions.
func (r *run) cookies(carries []string) jar {
	j := jar{}
	for i, name := range carries {
		if name == Junk {
			for cookie := range r.initial[Main] {
				j = j.and(jar{cookie: {fmt.Sprintf("%043d", 4*i)}})
			}
			continue
		}
		j = j.and(r.initial[name])
	}
	return j
}
