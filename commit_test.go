package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
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
type swapOnly struct{ b backends.Swapper }

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

// lossy loses the answer to every operation op, before or after it is carried
// out, as long as n says so.
func lossy(b sessions.Backend, op backends.Op, before bool, n *atomic.Int32) sessions.Backend {
	return backends.Intercept(b, func(ctx context.Context, o backends.Op, next func(context.Context) error) error {
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
		op      backends.Op
		format  serializer.Format // nil: native
	}{
		{"full", "/fresh", backends.OpSwap, nil},
		{"full", "/count", backends.OpSwap, nil},
		{"full", "/login", backends.OpRotate, nil},
		{"full", "/fresh", backends.OpSwap, serializer.StarletteFormat},
		{"full", "/login", backends.OpRotate, serializer.StarletteFormat},
		{"swap", "/fresh", backends.OpSwap, nil},
		{"swap", "/count", backends.OpSwap, nil},
		{"swap", "/login", backends.OpSwap, nil},
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

// TestR4_LostAnswerAndOthers loses the answer to a commit that counts, and another
// request counts before the commit can look: each has to be told its own number.
func TestR4_LostAnswerAndOthers(t *testing.T) {
	for _, backend := range []string{"full", "swap"} {
		t.Run(backend, func(t *testing.T) {
			var c *client
			var lose atomic.Bool
			var other string
			b := backends.Intercept(variants(t)[backend], func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
				err := next(ctx)
				if op == backends.OpSwap && lose.CompareAndSwap(true, false) {
					other = body(c.get("/count"))
					return errors.New("connection reset")
				}
				return err
			})
			c = start(t, newMiddleware(t, b, nil), routes{"/count": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				_, err := visits.Update(s, func(n int) (int, error) { return n + 1, nil })
				check(t, err)
				check(t, s.Save(r.Context()))
				n, err := visits.Get(s)
				check(t, err)
				fmt.Fprint(w, n)
			}})
			lose.Store(true)
			if got := body(c.get("/count")); got != "1" || other != "2" {
				t.Errorf("got %s, and the other request %s; want 1 and 2", got, other)
			}
			if got := body(c.get("/count")); got != "3" {
				t.Errorf("then got %s, want 3", got)
			}
		})
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
				b := backends.Intercept(variants(t)[backend], func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
					err := next(ctx)
					if op == backends.OpSwap && lose.CompareAndSwap(true, false) {
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

// TestR14: a backend that is down is told, and nobody is logged out by it: neither
// is anything concluded from what it does not say, nor is a cookie deleted.
func TestR14_BackendDownIs503(t *testing.T) {
	b, down := failing(memory.New(nil))
	mw := newMiddleware(t, b, &sessions.Config{Autoload: sessions.Paths("/auto")})
	ran := false
	fails := func(f func(r *http.Request, s *sessions.Session) error) func(http.ResponseWriter, *http.Request, *sessions.Session) {
		return func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			down.Store(true)
			if err := f(r, s); err != nil {
				sessions.Error(w, r, err)
			}
		}
	}
	c := start(t, mw, routes{
		"/auto":       func(http.ResponseWriter, *http.Request, *sessions.Session) { ran = true },
		"/late":       fails(func(_ *http.Request, s *sessions.Session) error { return s.Set("k", 1) }),
		"/late-login": fails(func(_ *http.Request, s *sessions.Session) error { return s.RegenerateID() }),
		"/late-save": fails(func(r *http.Request, s *sessions.Session) error {
			check(t, s.Clear())
			return s.Save(r.Context())
		}),
		"/late-logout": fails(func(r *http.Request, s *sessions.Session) error { return s.Destroy(r.Context()) }),
		"/late-transact": fails(func(r *http.Request, s *sessions.Session) error {
			return s.Transact(r.Context(), func(*sessions.Session) error { return nil })
		}),
	})
	for _, path := range []string{"/auto", "/who", "/same", "/destroy", "/late", "/late-login", "/late-save", "/late-logout", "/late-transact"} {
		down.Store(!strings.HasPrefix(path, "/late"))
		response := c.get(path)
		if response.StatusCode != 503 || response.Header.Get("Retry-After") == "" {
			t.Errorf("%s: status %d, Retry-After %q", path, response.StatusCode, response.Header.Get("Retry-After"))
		}
		if got := body(response); got == "" || len(got) > 200 {
			t.Errorf("%s: body %q", path, got)
		}
		if h := response.Header; h["Set-Cookie"] != nil || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %v", path, h)
		}
		down.Store(false)
		if got := body(c.get("/who")); got != "ada" {
			t.Fatalf("%s: after the outage: got %q, want ada", path, got)
		}
	}
	if ran {
		t.Error("the handler ran without its session")
	}
}

// TestB12_HotSession lets many writers compete for one session: all of them get
// through.
