package sessions_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
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

// TestEventsNameOwnerAndOperation: an event has the owner of its session, the operation
// that failed and how many sessions were revoked; printing it shows no owner.
func TestEventsNameOwnerAndOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		inner, down := failing(b)
		seen := map[sessions.EventKind]sessions.Event{}
		mw := newMiddleware(t, inner, &sessions.Config{DisableBreaker: true, Observe: func(_ context.Context, e sessions.Event) { seen[e.Kind] = e }})
		c := newClient(t, nil)
		in(c, mw, func(_ *http.Request, s *sessions.Session) { check(t, s.SetSubject("ada")) })
		in(c, mw, func(*http.Request, *sessions.Session) {})
		in(c, mw, func(_ *http.Request, s *sessions.Session) {
			check(t, s.Set("k", 1))
			down.Store(true)
		})
		down.Store(false)
		n, err := mw.RevokeAll(t.Context(), "ada")
		if n != 1 || err != nil {
			t.Fatalf("RevokeAll: got %d, %v", n, err)
		}
		for _, kind := range []sessions.EventKind{sessions.EventCreated, sessions.EventLoaded, sessions.EventFailed, sessions.EventRevoked} {
			if e, found := seen[kind]; !found || e.Subject != "ada" {
				t.Errorf("%s: the owner is %q, want ada", kind, e.Subject)
			} else if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, "ada") {
				t.Errorf("%s: printed with the owner: %s", kind, text)
			}
		}
		if got := seen[sessions.EventFailed].Op; got == "" {
			t.Error("failed: no operation")
		}
		if got := seen[sessions.EventRevoked].Count; got != 1 {
			t.Errorf("revoked: got %d, want 1", got)
		}
	})
}

// TestEventExpired: as far as a store still knows it, a token that has expired is told
// apart from one that it never knew.
func TestEventExpired(t *testing.T) {
	for _, name := range []string{"memory", "cookie"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b sessions.Backend = cookie.New(cookie.Encrypted("Wq3vT8nKz5LxRb2YcFh7MdGpJs9UeA4o"))
				if name == "memory" {
					store := memory.New(nil)
					defer store.Close()
					b = store
				}
				var seen []sessions.EventKind
				mw := newMiddleware(t, b, &sessions.Config{Lifetime: time.Hour, Observe: func(_ context.Context, e sessions.Event) { seen = append(seen, e.Kind) }})
				c := newClient(t, nil)
				in(c, mw, func(_ *http.Request, s *sessions.Session) { check(t, s.Set("k", 1)) })
				old := c.copies()
				time.Sleep(time.Hour)
				seen = nil
				c.cookies = old
				in(c, mw, func(*http.Request, *sessions.Session) {})
				for name := range c.cookies {
					c.cookies[name] = strings.Repeat("A", 43)
				}
				in(c, mw, func(*http.Request, *sessions.Session) {})
				if want := []sessions.EventKind{sessions.EventExpired, sessions.EventRefused}; !slices.Equal(seen, want) {
					t.Errorf("got %q, want %q", seen, want)
				}
			})
		})
	}
}

// TestTrace: each load, commit, touch and Destroy has a beginning and an end, and the
// backend is called with the context in between.
func TestTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		type span struct{}
		var steps []string
		backend := backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
			name, _ := ctx.Value(span{}).(string)
			steps = append(steps, name+" "+string(op))
			return next(ctx)
		})
		mw := newMiddleware(t, backend, &sessions.Config{IdleTimeout: time.Hour, Trace: func(ctx context.Context, name string) (context.Context, func(error)) {
			steps = append(steps, "begin "+name)
			return context.WithValue(ctx, span{}, name), func(err error) { steps = append(steps, fmt.Sprint("end ", err)) }
		}})
		c := newClient(t, nil)
		for _, test := range []struct {
			f    func(*http.Request, *sessions.Session)
			want []string
		}{
			{func(_ *http.Request, s *sessions.Session) { check(t, s.Set("k", 1)) }, []string{"begin load", "end <nil>", "begin commit", "commit swap", "end <nil>"}},
			{func(*http.Request, *sessions.Session) {}, []string{"begin load", "load read", "end <nil>", "begin touch", "touch touch", "end <nil>"}},
			{func(r *http.Request, s *sessions.Session) { check(t, s.Destroy(r.Context())) }, []string{"begin load", "load read", "end <nil>", "begin destroy", "destroy swap", "end <nil>"}},
		} {
			steps = nil
			in(c, mw, test.f)
			if !slices.Equal(steps, test.want) {
				t.Errorf("got %q, want %q", steps, test.want)
			}
			time.Sleep(30 * time.Minute)
		}
	})
}

// TestObserverOfACookieThatIsTooLarge: what the client never gets is not reported as
// created.
func TestObserverOfACookieThatIsTooLarge(t *testing.T) {
	var seen []sessions.EventKind
	mw := newMiddleware(t, cookie.New(cookie.Encrypted(randomKey)), &sessions.Config{Observe: func(_ context.Context, e sessions.Event) { seen = append(seen, e.Kind) }})
	response := in(newClient(t, nil), mw, func(_ *http.Request, s *sessions.Session) { check(t, s.Set("k", strings.Repeat("x", 5000))) })
	if want := []sessions.EventKind{sessions.EventFailed}; response.StatusCode != 500 || !slices.Equal(seen, want) {
		t.Errorf("got %d and the events %q, want 500 and %q", response.StatusCode, seen, want)
	}
}
