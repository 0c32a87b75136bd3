package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

// start stores a session with user = ada and returns the client that holds it.
func start(t testing.TB, mw *sessions.Middleware, more routes) *client {
	t.Helper()
	all := routes{}
	for path, f := range basics {
		all[path] = f
	}
	for path, f := range more {
		all[path] = f
	}
	c := newClient(t, serve(t, mw, all))
	if response := c.get("/same"); response.StatusCode != 200 || len(c.cookies) != 1 {
		t.Fatalf("start: status %d, cookies %v", response.StatusCode, c.cookies)
	}
	return c
}

// together runs f n times at once.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// variants are backends with all abilities, with swaps only, and with the four
// methods only.
func variants(t testing.TB) map[string]sessions.Backend {
	b := memory.New(nil)
	t.Cleanup(func() { _ = b.Close() })
	return map[string]sessions.Backend{"full": b, "swap": swapOnly{memory.New(nil)}, "basic": basic{memory.New(nil)}}
}

// basic has the four methods of a Backend and nothing else.
type basic struct{ b *memory.Backend }

func (b basic) Read(ctx context.Context, id string) (sessions.Record, error) {
	return b.b.Read(ctx, id)
}
func (b basic) Write(ctx context.Context, id string, r sessions.Record) (string, error) {
	return b.b.Write(ctx, id, r)
}
func (b basic) Remove(ctx context.Context, id string) error         { return b.b.Remove(ctx, id) }
func (b basic) Exists(ctx context.Context, id string) (bool, error) { return b.b.Exists(ctx, id) }

// swapOnly can swap, too.
type swapOnly struct{ b *memory.Backend }

func (b swapOnly) Read(ctx context.Context, id string) (sessions.Record, error) {
	return b.b.Read(ctx, id)
}
func (b swapOnly) Write(ctx context.Context, id string, r sessions.Record) (string, error) {
	return b.b.Write(ctx, id, r)
}
func (b swapOnly) Remove(ctx context.Context, id string) error         { return b.b.Remove(ctx, id) }
func (b swapOnly) Exists(ctx context.Context, id string) (bool, error) { return b.b.Exists(ctx, id) }
func (b swapOnly) Swap(ctx context.Context, id string, old []byte, r sessions.Record) error {
	return b.b.Swap(ctx, id, old, r)
}

// TestRES1_E1_LogoutIsFinal holds a request between its load and its commit while
// another one ends the session.
func TestRES1_E1_LogoutIsFinal(t *testing.T) {
	runs := 1000
	for _, end := range []string{"/destroy", "/login"} {
		for name, b := range variants(t) {
			t.Run(end[1:]+"/"+name, func(t *testing.T) {
				for range runs {
					loaded, ended := make(chan bool), make(chan bool)
					c := start(t, newMiddleware(t, b, nil), routes{
						"/slow": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
							close(loaded)
							<-ended
							check(t, s.Set("late", true))
						},
					})
					old := c.request("/slow")
					w := httptest.NewRecorder()
					done := make(chan bool)
					go func() { c.handler.ServeHTTP(w, old); close(done) }()
					<-loaded
					c.get(end)
					close(ended)
					<-done
					if w.Code != http.StatusConflict || len(w.Result().Cookies()) != 0 {
						t.Fatalf("late commit: status %d, cookies %v, want 409 and none", w.Code, w.Result().Cookies())
					}
					w = httptest.NewRecorder()
					r := old.Clone(t.Context())
					r.URL.Path = "/who"
					c.handler.ServeHTTP(w, r)
					if got := w.Body.String(); got != "" {
						t.Fatalf("the old token leads to %q", got)
					}
					if want := map[string]string{"/destroy": "", "/login": "ada"}[end]; body(c.get("/who")) != want {
						t.Fatalf("the new token does not lead to %q", want)
					}
				}
			})
		}
	}
}

// TestRES1_LogoutAfterRegeneration: what a logout does not know of it cannot end,
// and so it must not say that it did.
func TestRES1_LogoutAfterRegeneration(t *testing.T) {
	for name, b := range variants(t) {
		t.Run(name, func(t *testing.T) {
			var c *client
			c = start(t, newMiddleware(t, b, nil), routes{
				"/slow-logout": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
					c.get("/login")
					if err := s.Destroy(r.Context()); err != nil {
						sessions.Error(w, r, err)
					}
				},
				"/busy-logout": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
					c.get("/other")
					check(t, s.Destroy(r.Context()))
				},
			})
			if response := c.get("/slow-logout"); response.StatusCode != http.StatusConflict || len(response.Cookies()) != 0 {
				t.Errorf("status %d, cookies %v, want 409 and none", response.StatusCode, response.Cookies())
			}
			if got := body(c.get("/who")); got != "ada" {
				t.Errorf("the new token leads to %q", got)
			}
			again := c.request("/who")
			if c.get("/busy-logout"); len(c.cookies) != 0 {
				t.Errorf("after a change: cookies %v", c.cookies)
			}
			w := httptest.NewRecorder()
			if c.handler.ServeHTTP(w, again); w.Body.Len() != 0 {
				t.Errorf("after the logout the token leads to %q", w.Body)
			}
		})
	}
}

// TestRES3_ExpiredBeforeCommit is the same for a session that expires.
func TestRES3_ExpiredBeforeCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		mw := newMiddleware(t, b, &sessions.Config{Lifetime: time.Minute})
		c := start(t, mw, routes{
			"/slow": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				time.Sleep(time.Minute)
				check(t, s.Set("late", true))
			},
		})
		if response := c.get("/slow"); response.StatusCode != http.StatusConflict {
			t.Errorf("status: got %d, want 409", response.StatusCode)
		}
	})
}

func TestFIX4_R6_RegenerationRetiresTheOldToken(t *testing.T) {
	for name, b := range variants(t) {
		t.Run(name, func(t *testing.T) {
			c := start(t, newMiddleware(t, b, nil), nil)
			old := c.request("/other")
			c.get("/login")
			w := httptest.NewRecorder()
			c.handler.ServeHTTP(w, old)
			if w.Code != http.StatusConflict || len(w.Result().Cookies()) != 0 {
				t.Errorf("storing with the old token: status %d, cookies %v, want 409 and none", w.Code, w.Result().Cookies())
			}
			together(20, func(i int) {
				path := []string{"/who", "/other"}[i%2]
				late := old.Clone(t.Context())
				late.URL.Path = path
				w := httptest.NewRecorder()
				c.handler.ServeHTTP(w, late)
				if want := map[string]int{"/who": 200, "/other": 409}[path]; w.Code != want || path == "/who" && w.Body.Len() > 0 || len(w.Result().Cookies()) != 0 {
					t.Errorf("%s with the old token: status %d, %q, cookies %v", path, w.Code, w.Body, w.Result().Cookies())
				}
			})
			if got := body(c.get("/who")); got != "ada" {
				t.Errorf("new token: got %q, want ada", got)
			}
		})
	}
}

func TestFIX1_E19_UnknownTokensAreNotAdopted(t *testing.T) {
	for name, b := range variants(t) {
		t.Run(name, func(t *testing.T) {
			h := serve(t, newMiddleware(t, b, nil), basics)
			c := newClient(t, h)
			const chosen = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			c.cookies["__Host-session"] = chosen
			c.get("/same")
			if got := c.cookies["__Host-session"]; got == chosen || got == "" {
				t.Errorf("token: got %q, want a new one", got)
			}
			victim := newClient(t, h)
			victim.cookies["__Host-session"] = chosen
			if got := body(victim.get("/who")); got != "" {
				t.Errorf("the chosen token leads to %q", got)
			}
		})
	}
}

// lossy loses the answer to every operation op, before or after it is carried
// out, as long as n says so.
func lossy(b sessions.Backend, op sessions.Op, before bool, n *atomic.Int32) sessions.Backend {
	return sessions.Intercept(b, func(ctx context.Context, o sessions.Op, next func(context.Context) error) error {
		if o != op || n.Add(-1) < 0 {
			return next(ctx)
		}
		if !before {
			_ = next(ctx)
		}
		return errors.New("connection reset")
	})
}

func TestR4_LostAnswerIsNoLostCommit(t *testing.T) {
	for _, tt := range []struct {
		backend string
		path    string
		op      sessions.Op
		format  serializer.Format // nil: native
	}{
		{"full", "/fresh", sessions.OpSwap, nil},
		{"full", "/count", sessions.OpSwap, nil},
		{"full", "/login", sessions.OpRotate, nil},
		{"full", "/fresh", sessions.OpSwap, serializer.StarletteFormat},
		{"full", "/login", sessions.OpRotate, serializer.StarletteFormat},
		{"swap", "/fresh", sessions.OpSwap, nil},
		{"swap", "/count", sessions.OpSwap, nil},
		{"swap", "/login", sessions.OpSwap, nil},
	} {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprint(tt.backend, tt.path, " before=", before), func(t *testing.T) {
				var n atomic.Int32
				mw := newMiddleware(t, lossy(variants(t)[tt.backend], tt.op, before, &n), &sessions.Config{Format: tt.format})
				count := func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
					_, err := visits.Update(s, func(n int) (int, error) { return n + 1, nil })
					check(t, err)
				}
				c := start(t, mw, routes{"/count": count, "/fresh": count, "/visits": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
					n, err := visits.Get(s)
					check(t, err)
					name, err := user.Get(s)
					check(t, err)
					fmt.Fprint(w, name, n)
				}})
				if tt.path == "/fresh" {
					clear(c.cookies)
				}
				n.Store(1)
				if response := c.get(tt.path); response.StatusCode != 200 {
					t.Fatalf("status: got %d, want 200", response.StatusCode)
				}
				want := map[string]string{"/fresh": "1", "/count": "ada1", "/login": "ada0"}[tt.path]
				if got := body(c.get("/visits")); got != want {
					t.Errorf("stored: got %s, want %s", got, want)
				}
			})
		}
	}
}

// TestR4_LostAnswerBeforeTheEnd loses the answer to a commit and ends the session
// before the commit can look: what it stored may live on under the new ID, and so
// nobody may say that it was not stored.
func TestR4_LostAnswerBeforeTheEnd(t *testing.T) {
	for _, end := range []string{"/login", "/destroy"} {
		for _, backend := range []string{"full", "swap"} {
			t.Run(backend+end, func(t *testing.T) {
				var c *client
				var lose atomic.Bool
				b := sessions.Intercept(variants(t)[backend], func(ctx context.Context, op sessions.Op, next func(context.Context) error) error {
					err := next(ctx)
					if op == sessions.OpSwap && lose.CompareAndSwap(true, false) {
						c.get(end)
						return errors.New("connection reset")
					}
					return err
				})
				c = start(t, newMiddleware(t, b, nil), nil)
				lose.Store(true)
				if response := c.get("/other"); response.StatusCode != 503 || len(response.Cookies()) != 0 {
					t.Errorf("status %d, cookies %v, want 503 and none", response.StatusCode, response.Cookies())
				}
			})
		}
	}
}

func TestR14_BackendDownIs503(t *testing.T) {
	var down atomic.Bool
	b := sessions.Intercept(memory.New(nil), func(ctx context.Context, op sessions.Op, next func(context.Context) error) error {
		if down.Load() {
			return errors.New("connection refused")
		}
		return next(ctx)
	})
	mw := newMiddleware(t, b, &sessions.Config{Autoload: sessions.Paths("/auto")})
	ran := false
	c := start(t, mw, routes{
		"/auto": func(http.ResponseWriter, *http.Request, *sessions.Session) { ran = true },
		"/late": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.Set("k", 1))
			down.Store(true)
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("ETag", "x")
			w.Header().Set("Location", "/x")
			http.SetCookie(w, &http.Cookie{Name: "other", Value: "1"})
			_, err := w.Write([]byte("SECRET"))
			if err == nil {
				t.Error("Write after a failed commit: no error")
			}
		},
	})
	for _, path := range []string{"/late", "/auto", "/who"} {
		response := c.get(path)
		if response.StatusCode != 503 || response.Header.Get("Retry-After") == "" {
			t.Errorf("%s: status %d, Retry-After %q", path, response.StatusCode, response.Header.Get("Retry-After"))
		}
		if got := body(response); got == "" || len(got) > 200 || got == "SECRET" {
			t.Errorf("%s: body %q", path, got)
		}
		for _, name := range []string{"Set-Cookie", "ETag", "Location"} {
			if got := response.Header.Values(name); got != nil {
				t.Errorf("%s: %s: got %v, want none", path, name, got)
			}
		}
		if got := response.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control: got %q", path, got)
		}
	}
	if ran {
		t.Error("the handler ran without its session")
	}
	down.Store(false)
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("after the outage: got %q, want ada", got)
	}
}

// TestB12_HotSession lets many writers compete for one session: all of them get
// through.
