package sessions_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// TestRES4_ObserverCannotStopALogout: an observer that panics cannot stop a logout.
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

// TestObserverMayUseTheSession: the observer is called when no lock is held, so it may
// load the session and read it.
func TestObserverMayUseTheSession(t *testing.T) {
	var seen []sessions.EventKind
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{Observe: func(ctx context.Context, e sessions.Event) {
		seen = append(seen, e.Kind)
		if s, err := sessions.Load(ctx); err == nil {
			_, _ = s.Get("k")
			check(t, s.Save(ctx))
		}
	}})
	c := start(t, mw, nil)
	done := make(chan bool)
	go func() {
		defer close(done)
		in(c, mw, func(_ *http.Request, s *sessions.Session) { check(t, s.Set("k", 1)) })
		in(c, mw, func(r *http.Request, s *sessions.Session) { check(t, s.Destroy(r.Context())) })
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the request hangs")
	}
	if len(seen) < 3 {
		t.Errorf("the observer saw %q", seen)
	}
}
