package sessions_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// failing is a backend that can be taken down.
func failing(b sessions.Backend) (sessions.Backend, *atomic.Bool) {
	var down atomic.Bool
	return backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if down.Load() {
			return errors.New("connection refused")
		}
		return next(ctx)
	}), &down
}

// recovering answers panics of the handlers inside with 500, as most
// frameworks do.
func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "recovered", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// with answers one request of c by h, in the middleware mw.
func (c *client) with(mw *sessions.Middleware, ctx context.Context, h http.Handler) *http.Response {
	w := httptest.NewRecorder()
	mw.Handler(h).ServeHTTP(w, c.request("/").WithContext(ctx))
	response := w.Result()
	c.keep(response)
	return response
}

// handler is a handler that has loaded its session.
func handler(t testing.TB, f func(w http.ResponseWriter, r *http.Request, s *sessions.Session)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			t.Errorf("Load: %v", err)
			return
		}
		f(w, r, s)
	})
}

// Not every deadline comes from a timeout handler that discards the response: a
// success must not be sent for a session that was not saved.
func TestE17_R22_DeadlineIsNoSuccess(t *testing.T) {
	var kinds []sessions.EventKind
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{Observe: func(_ context.Context, e sessions.Event) { kinds = append(kinds, e.Kind) }})
	c := start(t, mw, nil)
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	kinds = nil
	response := c.with(mw, late, handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		check(t, user.Set(s, "eve"))
		if err := s.Save(r.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Save: got %v, want DeadlineExceeded", err)
		}
		_, _ = w.Write([]byte("saved"))
	}))
	if response.StatusCode != 503 || body(response) == "saved" {
		t.Errorf("status: got %d, want 503", response.StatusCode)
	}
	if !slices.Contains(kinds, sessions.EventTimedOut) || slices.Contains(kinds, sessions.EventSaved) {
		t.Errorf("events: got %v", kinds)
	}
	response = c.with(mw, late, handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		name, _ := user.Get(s)
		_, _ = w.Write([]byte(name))
	}))
	if got := body(response); response.StatusCode != 200 || got != "ada" || response.Header.Get("Vary") != "Cookie" {
		t.Errorf("a reader: got %d %q, Vary %q", response.StatusCode, got, response.Header.Get("Vary"))
	}
	if response = c.with(mw, late, handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		check(t, s.Destroy(r.Context()))
	})); len(c.cookies) != 0 {
		t.Errorf("a logout: got %d, cookies %v", response.StatusCode, c.cookies)
	}
}

// The token of a session that was saved reaches the client whatever comes
// later, because the old one is worthless.
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

// A session that ended after it was saved has no token to send.
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

// A panic in what an application gave us leaves no session half saved with a
// success on top.
func TestC3_PanicsInCallbacks(t *testing.T) {
	for name, prepare := range map[string]func(config *sessions.Config) (f func(c *client, s *sessions.Session)){
		"Observe": func(config *sessions.Config) func(*client, *sessions.Session) {
			config.Observe = func(_ context.Context, e sessions.Event) {
				if e.Kind == sessions.EventSaved {
					panic("oops")
				}
			}
			return func(_ *client, s *sessions.Session) { check(t, s.Set("k", 1)) }
		},
		"Update": func(*sessions.Config) func(*client, *sessions.Session) {
			return func(c *client, s *sessions.Session) {
				runs := 0
				_, err := s.Update("k", func(any) (any, error) {
					if runs++; runs > 1 {
						panic("oops")
					}
					return 1, nil
				})
				check(t, err)
				c.handler.ServeHTTP(httptest.NewRecorder(), c.request("/other"))
			}
		},
		"NoTouch": func(config *sessions.Config) func(*client, *sessions.Session) {
			config.NoTouch = func(r *http.Request) bool {
				if r.URL.Path == "/" {
					panic("oops")
				}
				return false
			}
			return func(*client, *sessions.Session) {}
		},
		"ErrorHandler": func(config *sessions.Config) func(*client, *sessions.Session) {
			config.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic("oops") }
			config.MaxSize = 500
			return func(_ *client, s *sessions.Session) { check(t, s.Set("k", strings.Repeat("x", 1000))) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			var config sessions.Config
			f := prepare(&config)
			mw := newMiddleware(t, memory.New(nil), &config)
			c := start(t, mw, nil)
			h := mw.Handler(handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				f(c, s)
				func() {
					defer func() { _ = recover() }()
					_, _ = w.Write([]byte("saved"))
				}()
				_, _ = w.Write([]byte("saved"))
			}))
			w := httptest.NewRecorder()
			func() {
				defer func() { _ = recover() }()
				h.ServeHTTP(w, c.request("/"))
			}()
			if got := w.Body.String(); w.Code == 200 || strings.Contains(got, "saved") {
				t.Errorf("got %d %q", w.Code, got)
			}
			within(t, func() { // nothing is left locked
				if got := body(c.get("/who")); got == "" {
					t.Error("the session is lost")
				}
			})
		})
	}
	t.Run("Autoload", func(t *testing.T) {
		mw := newMiddleware(t, memory.New(nil), &sessions.Config{Autoload: func(*http.Request) bool { panic("oops") }})
		w := httptest.NewRecorder()
		recovering(mw.Handler(http.NotFoundHandler())).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != 500 {
			t.Errorf("got %d", w.Code)
		}
	})
}

// Whoever watches a logout cannot stop it.
func TestRES4_ObserverCannotStopALogout(t *testing.T) {
	b := memory.New(nil)
	mw := newMiddleware(t, b, &sessions.Config{Observe: func(_ context.Context, e sessions.Event) {
		if e.Kind == sessions.EventDestroyed {
			panic("oops")
		}
	}})
	c := start(t, mw, nil)
	w := httptest.NewRecorder()
	recovering(c.handler).ServeHTTP(w, c.request("/destroy"))
	c.keep(w.Result())
	if n := count(t, b); n != 0 || len(c.cookies) != 0 {
		t.Errorf("%d records, cookies %v", n, c.cookies)
	}
}

// An error handler that answers nothing must not become a success.
func TestErrorHandlerThatForgetsToAnswer(t *testing.T) {
	b, down := failing(memory.New(nil))
	for _, autoload := range []func(*http.Request) bool{nil, sessions.Always} {
		mw := newMiddleware(t, b, &sessions.Config{Autoload: autoload, ErrorHandler: func(http.ResponseWriter, *http.Request, error) {}})
		c := start(t, mw, nil)
		response := c.with(mw, t.Context(), handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			down.Store(true)
			check(t, user.Set(s, "eve"))
		}))
		if response.StatusCode != 503 {
			t.Errorf("status: got %d, want 503", response.StatusCode)
		}
		if autoload != nil {
			if response := c.get("/who"); response.StatusCode != 503 {
				t.Errorf("autoload: got %d, want 503", response.StatusCode)
			}
		}
		down.Store(false)
	}
}

// Cookies that were set outside of us stay when a commit fails, those of the
// handler go.
func TestFailureKeepsCookiesFromOutside(t *testing.T) {
	b, down := failing(memory.New(nil))
	mw := newMiddleware(t, b, nil)
	c := start(t, mw, nil)
	inner := mw.Handler(handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		check(t, user.Set(s, "eve"))
		w.Header().Del("Set-Cookie")
		http.SetCookie(w, &http.Cookie{Name: "inside", Value: "1"})
		down.Store(true)
	}))
	w := httptest.NewRecorder()
	http.SetCookie(w, &http.Cookie{Name: "outside", Value: "1"})
	inner.ServeHTTP(w, c.request("/"))
	if got := w.Header().Values("Set-Cookie"); w.Code != 503 || !slices.Equal(got, []string{"outside=1"}) {
		t.Errorf("got %d, %q", w.Code, got)
	}
}
