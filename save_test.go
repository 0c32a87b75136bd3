package sessions_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// TestSavedTokenIsSentWhateverComesLater: after Save has given the session a new token,
// the response sends it whatever happens later, because the old one is worthless.
func TestSavedTokenIsSentWhateverComesLater(t *testing.T) {
	later := map[string]func(w http.ResponseWriter, s *sessions.Session, down *atomic.Bool){
		"a panic":    func(http.ResponseWriter, *sessions.Session, *atomic.Bool) { panic("oops") },
		"a deadline": func(http.ResponseWriter, *sessions.Session, *atomic.Bool) { time.Sleep(2 * time.Minute) },
		"an outage": func(_ http.ResponseWriter, s *sessions.Session, down *atomic.Bool) {
			_ = s.Set("k", 1)
			down.Store(true)
		},
		"a change too late": func(_ http.ResponseWriter, s *sessions.Session, _ *atomic.Bool) {
			time.Sleep(2 * time.Minute)
			_ = s.Set("k", 1)
		},
	}
	for name, then := range later {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := memory.New(nil)
				defer m.Close()
				b, down := failing(m)
				mw := newMiddleware(t, b, nil)
				c := start(t, mw, nil)
				old := c.cookies["__Host-session"]
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				w := httptest.NewRecorder()
				recovering(mw.Handler(handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
					check(t, s.RegenerateID())
					check(t, s.Save(r.Context()))
					then(w, s, down)
				}))).ServeHTTP(w, c.request("/").WithContext(ctx))
				down.Store(false)
				c.keep(w.Result())
				if c.cookies["__Host-session"] == old {
					t.Errorf("status %d, no new token", w.Code)
				}
				if got := body(c.get("/who")); got != "ada" {
					t.Errorf("the session is lost: got %q", got)
				}
			})
		})
	}
}

// TestGoneAfterSaveSendsNothing: if a session ends after it was saved, no token is
// sent.
func TestGoneAfterSaveSendsNothing(t *testing.T) {
	b := memory.New(nil)
	mw := newMiddleware(t, b, nil)
	c := start(t, mw, nil)
	response := c.with(mw, t.Context(), handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		check(t, s.SetSubject("ada"))
		check(t, s.RegenerateID())
		check(t, s.Save(r.Context()))
		_, err := mw.RevokeAll(t.Context(), "ada")
		check(t, err)
		check(t, s.Set("k", 1))
	}))
	if response.StatusCode != 409 || len(response.Cookies()) != 0 {
		t.Errorf("got %d, cookies %v", response.StatusCode, response.Cookies())
	}
}

// TestChangesDuringSave: changes that one goroutine of a request makes while another
// one saves are not lost, and not part of that save.
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

// TestIDKeepsItsPromise: the public ID of a new session is the one that it has after
// it was stored.
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

func TestSaveShowsMergedNumbers(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	var seen sync.Map
	c := start(t, mw, routes{
		"/incr": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			_, err := visits.Update(s, func(n int) (int, error) { return n + 1, nil })
			check(t, err)
			check(t, s.Save(r.Context()))
			n, err := visits.Get(s)
			check(t, err)
			if _, twice := seen.LoadOrStore(n, true); twice {
				t.Errorf("%d was shown twice", n)
			}
		},
	})
	together(50, func(int) { c.handler.ServeHTTP(httptest.NewRecorder(), c.request("/incr")) })
	for n := range 50 {
		if _, ok := seen.Load(n + 1); !ok {
			t.Errorf("%d was not shown", n+1)
		}
	}
}

func TestDiscard(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{
		"/discard": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, user.Set(s, "eve"))
			check(t, s.RegenerateID())
			s.Discard()
			if name, err := user.Get(s); name != "ada" && !s.IsNew() || s.Changed() {
				t.Errorf("after Discard: %q, %v, changed %v", name, err, s.Changed())
			}
			check(t, visits.Set(s, 7))
		},
		"/empty": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.Clear())
			s.Discard()
		},
	})
	if got := c.get("/discard").Cookies(); len(got) != 0 {
		t.Errorf("cookies: got %v, want none", got)
	}
	c.get("/empty")
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("stored: got %q, want ada", got)
	}
	fresh := newClient(t, c.handler)
	if got := fresh.get("/discard").Cookies(); len(got) != 1 {
		t.Errorf("a new session: cookies %v, want one", got)
	}
}

// TestLoginWithARetiredToken: a second click on "log in" carries the token from
// before the first one. It starts a fresh session of its own.
func TestLoginWithARetiredToken(t *testing.T) {
	for name, login := range map[string]func(*sessions.Session) error{
		"RegenerateID": func(s *sessions.Session) error { return errors.Join(s.RegenerateID(), user.Set(s, "ada")) },
		"SetSubject":   func(s *sessions.Session) error { return errors.Join(s.SetSubject("ada"), user.Set(s, "ada")) },
	} {
		mw := newMiddleware(t, memory.New(nil), nil)
		c := start(t, mw, routes{"/again": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { check(t, login(s)) }})
		old := c.copies()
		c.get("/login")
		response := c.do("/again", old)
		if response.StatusCode != 200 || len(response.Cookies()) != 1 || response.Cookies()[0].Value == old["__Host-session"] {
			t.Errorf("%s: got %d, cookies %v", name, response.StatusCode, response.Cookies())
		}
	}
}
