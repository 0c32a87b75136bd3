package sessions_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

func TestNoTouchKeepsNothingAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		c := start(t, newMiddleware(t, b, &sessions.Config{IdleTimeout: 10 * time.Minute, NoTouch: sessions.Paths("/who")}), nil)
		for range 2 {
			time.Sleep(5*time.Minute - time.Second)
			if got := body(c.get("/who")); got != "ada" {
				t.Fatalf("too early: got %q", got)
			}
		}
		time.Sleep(3 * time.Second)
		if got := body(c.get("/who")); got != "" {
			t.Errorf("polling kept the session alive: got %q", got)
		}
	})
}

// TestLongRequestIsUse: a request that takes longer than the idle timeout, such as an
// upload, can still save changes, and its session does not end.
func TestLongRequestIsUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mw := newMiddleware(t, memory.New(nil), &sessions.Config{IdleTimeout: time.Minute})
		c := start(t, mw, routes{"/upload": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
			time.Sleep(10 * time.Minute)
			check(t, s.Set("uploaded", true))
		}})
		if got := c.get("/upload").StatusCode; got != 200 {
			t.Errorf("the upload: got %d, want 200", got)
		}
		if got := body(c.get("/who")); got != "ada" {
			t.Errorf("afterwards: got %q, want ada", got)
		}
		time.Sleep(2 * time.Minute)
		if got := body(c.get("/who")); got != "" {
			t.Errorf("after the idle timeout: got %q", got)
		}
	})
}

// TestR26_PollingIsNoWriting: polling does not write to the store with every request,
// but once in the touch window, which is a tenth of the idle timeout and at most a
// minute. The session does not end.
func TestR26_PollingIsNoWriting(t *testing.T) {
	for _, tt := range []struct {
		idle, every, window time.Duration
	}{
		{time.Hour, time.Second, time.Minute},
		{time.Hour, 5 * time.Second, time.Minute},
		{5 * time.Minute, time.Second, 30 * time.Second},
		{time.Minute, 500 * time.Millisecond, 6 * time.Second},
		{time.Hour, 10 * time.Minute, time.Minute}, // rare use is always recorded
	} {
		synctest.Test(t, func(t *testing.T) {
			m := memory.New(nil)
			defer m.Close()
			b, calls := counted(m)
			c := start(t, newMiddleware(t, b, &sessions.Config{IdleTimeout: tt.idle}), nil)
			clear(calls)
			const polls = 1000
			for range polls {
				time.Sleep(tt.every)
				if got := body(c.get("/who")); got != "ada" {
					t.Fatalf("every %v: ended by its idle timeout", tt.every)
				}
			}
			most := min(int(polls*tt.every/tt.window)+1, polls)
			if got := calls[backends.OpTouch]; got > most || got < most*9/10 || calls[backends.OpSwap]+calls[backends.OpWrite] > 0 {
				t.Errorf("idle %v, polled every %v: %v, want %d touches", tt.idle, tt.every, calls, most)
			}
		})
	}
}

// TestExemptPersistent: "30 minutes, unless remembered", on a store and in a cookie.
func TestExemptPersistent(t *testing.T) {
	for _, name := range []string{"memory", "encrypted", "jwt"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memory.New(nil)
				defer store.Close()
				b := map[string]sessions.Backend{"memory": store, "encrypted": cookie.New(cookie.Encrypted(randomKey)), "jwt": cookie.New(cookie.JWT(randomKey))}[name]
				mw := newMiddleware(t, b, &sessions.Config{IdleTimeout: 30 * time.Minute, ExemptPersistent: true, BrowserSession: true, Lifetime: 30 * 24 * time.Hour})
				login := func(remember bool) *client {
					c := newClient(t, nil)
					in(c, mw, func(_ *http.Request, s *sessions.Session) {
						check(t, user.Set(s, "ada"))
						if remember {
							check(t, s.SetPersistent(true))
						}
					})
					return c
				}
				who := func(c *client) (name string) {
					in(c, mw, func(_ *http.Request, s *sessions.Session) { name, _ = user.Get(s) })
					return name
				}
				remembered, other := login(true), login(false)
				time.Sleep(20 * time.Minute)
				if who(remembered) != "ada" || who(other) != "ada" {
					t.Error("after 20 minutes a session has ended")
				}
				time.Sleep(25 * time.Minute)
				if who(other) != "ada" {
					t.Error("25 minutes after its use a session has ended")
				}
				time.Sleep(31 * time.Minute)
				if got := who(other); got != "" {
					t.Errorf("31 minutes after its use a session lives: %q", got)
				}
				time.Sleep(28 * 24 * time.Hour)
				if got := who(remembered); got != "ada" {
					t.Errorf("a remembered session: got %q after 28 days, want ada", got)
				}
				time.Sleep(2 * 24 * time.Hour)
				if got := who(remembered); got != "" {
					t.Errorf("a remembered session: got %q after 30 days", got)
				}
			})
		})
	}
	if _, err := sessions.New(memory.New(nil), &sessions.Config{ExemptPersistent: true}); err == nil {
		t.Error("without an idle timeout: got no error")
	}
}
