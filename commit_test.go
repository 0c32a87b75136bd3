package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

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
// request counts before the commit can look: each has to get its own number.
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
// before the commit can look. The change may be stored under the new ID, so the error
// must not say that it was not.
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

func TestDOS4_TooLargeIsRefusedAndTheOldStateStays(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{MaxSize: 1000})
	c := start(t, mw, nil)
	response := in(c, mw, func(r *http.Request, s *sessions.Session) { check(t, user.Set(s, strings.Repeat("x", 1000))) })
	if response.StatusCode != 500 {
		t.Errorf("status: got %d, want 500", response.StatusCode)
	}
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("got %q, want ada", got)
	}
}
