package sessions_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// hooked calls a function before operations of a backend, for tests that need
// something to happen in the middle of a load or commit.
type hooked struct {
	sessions.Backend
	mu     sync.Mutex
	before map[backends.Op]func()
}

func hook(b sessions.Backend) *hooked {
	h := &hooked{before: map[backends.Op]func(){}}
	h.Backend = backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		h.mu.Lock()
		f := h.before[op]
		delete(h.before, op)
		h.mu.Unlock()
		if f != nil {
			f()
		}
		return next(ctx)
	})
	return h
}

// once lets f run before the next operation op.
func (h *hooked) once(op backends.Op, f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before[op] = f
}

// within fails the test if f hangs.
func within(t testing.TB, f func()) {
	t.Helper()
	done := make(chan bool)
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it hangs")
	}
}

// What a goroutine of the request does while another one saves is neither lost
// nor part of that save.
func TestChangesDuringSave(t *testing.T) {
	b := hook(memory.New(nil))
	mw := newMiddleware(t, b.Backend, nil)
	c := start(t, mw, routes{
		"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			b.once(backends.OpSwap, func() {
				check(t, s.RegenerateID())
				check(t, s.Set("during", 1))
				_, err := s.Update("n", func(old any) (any, error) {
					if !s.Has("before") {
						t.Error("Update does not see the session")
					}
					return 7, nil
				})
				check(t, err)
			})
			check(t, s.Set("before", 1))
			check(t, s.Save(r.Context()))
			if !s.Changed() || !s.Has("during") {
				t.Errorf("after Save: changed %v, during %v", s.Changed(), s.Has("during"))
			}
		},
	})
	old := c.cookies["__Host-session"]
	within(t, func() { c.get("/") })
	if c.cookies["__Host-session"] == old {
		t.Error("the regeneration was lost")
	}
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		if n, err := s.Get("n"); s.Len() != 4 || n != int64(7) || err != nil {
			t.Errorf("stored: %v, n = %v, %v", s.Keys(), n, err)
		}
	})
}

// A value taken while the session is being saved turns out to have been
// replaced by another request: it must not count as taken.
func TestRES6_TakeDuringSave(t *testing.T) {
	b := hook(memory.New(nil))
	mw := newMiddleware(t, b.Backend, nil)
	var c *client
	c = start(t, mw, routes{
		"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			b.once(backends.OpSwap, func() {
				c.handler.ServeHTTP(httptest.NewRecorder(), c.request("/other"))
				name, err := user.Take(s)
				check(t, err)
				if name != "ada" {
					t.Errorf("Take: got %q", name)
				}
			})
			check(t, s.Set("before", 1))
			check(t, s.Save(r.Context()))
		},
	})
	if response := c.get("/"); response.StatusCode != http.StatusConflict {
		t.Errorf("status: got %d, want 409", response.StatusCode)
	}
	if got := body(c.get("/who")); got != "bob" {
		t.Errorf("stored: got %q, want bob", got)
	}
}

// An Update that computes while another goroutine's Save merges in what others
// stored computes again.
func TestR3_UpdateDuringSave(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	var c *client
	c = start(t, mw, routes{
		"/ten": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, visits.Set(s, 10)) },
		"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.Set("k", 1))
			first := true
			n, err := visits.Update(s, func(n int) (int, error) {
				if first {
					first = false
					c.get("/ten")
					together(1, func(int) { check(t, s.Save(r.Context())) })
				}
				return n + 1, nil
			})
			if n != 11 || err != nil {
				t.Errorf("Update: got %d, %v, want 11", n, err)
			}
		},
	})
	c.get("/")
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		if n, err := visits.Get(s); n != 11 || err != nil {
			t.Errorf("stored: got %d, %v, want 11", n, err)
		}
	})
}

// A function of Update that gives up on what others stored fails the commit,
// even where nothing is left to store.
func TestUpdateThatFailsDuringSave(t *testing.T) {
	b := hook(memory.New(nil))
	mw := newMiddleware(t, b.Backend, nil)
	var c *client
	refuse := errors.New("not again")
	c = start(t, mw, routes{
		"/ten": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, visits.Set(s, 10)) },
		"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			b.once(backends.OpSwap, func() {
				c.get("/ten")
				_, err := visits.Update(s, func(n int) (int, error) {
					if n == 10 {
						return 0, refuse
					}
					return n + 1, nil
				})
				check(t, err)
			})
			check(t, s.Set("k", 1))
			check(t, s.Save(r.Context()))
			if err := s.Save(r.Context()); !errors.Is(err, refuse) {
				t.Errorf("the next Save: got %v, want the function's error", err)
			}
		},
	})
	if response := c.get("/"); response.StatusCode != 500 {
		t.Errorf("status: got %d, want 500", response.StatusCode)
	}
}

// Transact carries the pending changes of the request over, without the lock
// that functions of Update need.
func TestTransactBesideAPendingUpdate(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{
		"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			_, err := s.Update("n", func(old any) (any, error) {
				name, err := user.Get(s)
				return name, err
			})
			check(t, err)
			check(t, s.Transact(r.Context(), func(s *sessions.Session) error { return s.Set("inside", 1) }))
			if !s.Has("inside") || !s.Has("n") {
				t.Errorf("after Transact: %v", s.Keys())
			}
		},
	})
	within(t, func() { c.get("/") })
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		if n, _ := s.Get("n"); s.Len() != 3 || n != "ada" {
			t.Errorf("stored: %v, n = %v", s.Keys(), n)
		}
	})
}

func TestTransactDestroys(t *testing.T) {
	b := memory.New(nil)
	mw := newMiddleware(t, b, nil)
	routes := routes{
		"/destroy-inside": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.Transact(r.Context(), func(s *sessions.Session) error { return s.Destroy(r.Context()) }))
			if !s.IsNew() || s.Len() != 0 {
				t.Errorf("after Destroy inside Transact: new %v, %v", s.IsNew(), s.Keys())
			}
		},
		"/again-inside": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			err := s.Transact(r.Context(), func(s *sessions.Session) error {
				check(t, s.Destroy(r.Context()))
				return s.Set("orphan", 1)
			})
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("a new session inside Transact: got %v, want ErrUnsupported", err)
			}
		},
	}
	for path := range routes {
		c := start(t, mw, routes)
		if c.get(path); len(c.cookies) != 0 {
			t.Errorf("%s: the cookie is left", path)
		}
		if n := count(t, b); n != 0 {
			t.Errorf("%s: %d records are left", path, n)
		}
	}
}

func TestSaveAfterTheResponse(t *testing.T) {
	var down bool
	b := backends.Intercept(memory.New(nil), func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if down {
			return errors.New("down")
		}
		return next(ctx)
	})
	mw := newMiddleware(t, b, nil)
	c := start(t, mw, routes{
		"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, user.Set(s, "eve"))
			down = true
			if _, err := w.Write([]byte("x")); err == nil {
				t.Error("Write after a failed commit: no error")
			}
			down = false
			if err := s.Save(r.Context()); !errors.Is(err, sessions.ErrCommitted) {
				t.Errorf("Save after the response: got %v, want ErrCommitted", err)
			}
		},
	})
	c.get("/")
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("what was answered with 503 is stored: %q", got)
	}
}

func TestObserverMayLookAtTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		seen := map[sessions.EventKind]int{}
		mw := newMiddleware(t, b, &sessions.Config{IdleTimeout: time.Hour, Observe: func(ctx context.Context, e sessions.Event) {
			seen[e.Kind]++
			if s, ok := sessions.FromContext(ctx); ok {
				_ = s.Subject()
			}
		}})
		c := start(t, mw, nil)
		time.Sleep(30 * time.Minute)
		for _, path := range []string{"/read", "/other", "/login", "/destroy"} {
			within(t, func() { c.get(path) })
		}
		for _, kind := range []sessions.EventKind{sessions.EventTouched, sessions.EventSaved, sessions.EventRegenerated, sessions.EventDestroyed} {
			if seen[kind] != 1 {
				t.Errorf("%s: %d events, want 1", kind, seen[kind])
			}
		}
	})
}

// Everything at once, for the race detector.
func TestMIX3_EverythingAtOnce(t *testing.T) {
	for name, b := range variants(t) {
		t.Run(name, func(t *testing.T) {
			mw := newMiddleware(t, b, &sessions.Config{IdleTimeout: time.Hour})
			c := start(t, mw, routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				ctx := r.Context()
				doings := []func(){
					func() { _ = s.PublicID() },
					func() { _ = s.Save(ctx) },
					func() { _ = s.RegenerateID() },
					func() { _ = s.Set("k", "v") },
					func() { _, _ = visits.Update(s, func(n int) (int, error) { return n + 1, nil }) },
					func() {
						_ = s.Transact(ctx, func(s *sessions.Session) error { return s.Set("t", 1) })
					},
					func() { _ = s.Flash("", "x"); _, _ = s.Flashes() },
					func() { _, _ = s.Take("k"); _ = s.Changed(); _ = s.Keys(); _ = s.Expires() },
					func() { s.Discard() },
					func() { _ = s.SetSubject("ada"); _ = s.SetPersistent(true); _ = s.SetLifetime(time.Hour) },
					func() { _ = s.Clear(); _ = s.Delete("k"); _ = s.IsNew(); _ = s.Len() },
					func() { _ = s.ResponseHeader() },
					func() { _, _ = sessions.Load(ctx); _, _ = sessions.FromContext(ctx) },
				}
				together(len(doings), func(i int) {
					for range 20 {
						doings[i]()
					}
				})
				_ = s.Destroy(ctx)
				together(len(doings), func(i int) { doings[i]() })
			}})
			within(t, func() { c.get("/") })
		})
	}
}

// The name under which a session will be stored is the one it then has.
func TestIDKeepsItsPromise(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	for range 50 {
		in(newClient(t, nil), mw, func(r *http.Request, s *sessions.Session) {
			check(t, s.Set("k", 1))
			var before string
			var all sync.WaitGroup
			all.Go(func() { before = s.PublicID() })
			check(t, s.Save(r.Context()))
			all.Wait()
			if after := s.PublicID(); after != before {
				t.Errorf("ID: %s, then %s", before, after)
			}
		})
	}
}
