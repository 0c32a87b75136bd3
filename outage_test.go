package sessions_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// TestR14_BackendDownIs503: if the backend is down, the answer is 503, and no one is
// logged out: no new session is begun and no cookie deleted.
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

// TestR38_RequestsDoNotWaitForADeadStore: while the store is down and the breaker is
// open, only one request in a quarter of a second waits for the store. All others are
// answered at once. When the store is back, so are the sessions.
func TestR38_RequestsDoNotWaitForADeadStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(nil)
		defer m.Close()
		var down atomic.Bool
		b := backends.Intercept(swapOnly{m}, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
			if down.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			return next(ctx)
		})
		mw := newMiddleware(t, b, nil)
		c := start(t, mw, nil)
		down.Store(true)
		var waited, slow atomic.Int32
		together(2000, func(i int) {
			time.Sleep(time.Duration(i) * 10 * time.Millisecond)
			begin := time.Now()
			w := httptest.NewRecorder()
			c.handler.ServeHTTP(w, c.request("/who"))
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
				t.Errorf("request %d: status %d, header %v", i, w.Code, w.Header())
			}
			switch took := time.Since(begin); {
			case took > 2*time.Second:
				slow.Add(1)
			case took > 0 && i > 2*100+5: // the first one fails after two seconds
				waited.Add(1)
			}
		})
		if waited.Load() > 2000/20 || slow.Load() > 0 {
			t.Errorf("%d of 2000 requests waited for the store, %d of them longer than the timeout", waited.Load(), slow.Load())
		}
		down.Store(false)
		begin := time.Now()
		for body(c.get("/who")) != "ada" {
			if time.Since(begin) > 500*time.Millisecond {
				t.Fatal("half a second after its return the store is not in use")
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}
