package sessions_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
)

// left counts what is stored for the sessions of one test.
func left(t *testing.T, b sessions.Backend) int {
	t.Helper()
	switch m := b.(type) {
	case swapOnly:
		b = m.b
	case basic:
		b = m.b
	}
	return count(t, b)
}

// A request is held between its load and its commit while another one ends the
// session or regenerates its ID. It stores nothing, neither under the old ID nor
// under one of its own, and says so. All of it a thousand times.
func TestRES1_RES2_R2_E1_E21_LogoutIsFinal(t *testing.T) {
	for end, want := range map[string]struct {
		who  string // whom the token leads to that the other request left behind
		left int    // how many sessions there are; a regeneration leaves a tombstone besides
	}{"/destroy": {"", 0}, "/login": {"ada", 1}} {
		t.Run(end[1:], func(t *testing.T) {
			onServers(t, func(t *testing.T, b sessions.Backend) {
				mw := newMiddleware(t, b, nil)
				for run := range 1000 {
					lateCommit(t, mw, end, want.who)
					if run == 0 {
						if got := left(t, b); got != want.left {
							t.Fatalf("%d records are left, want %d", got, want.left)
						}
					}
				}
			})
		})
	}
}

func lateCommit(t *testing.T, mw *sessions.Middleware, end, who string) {
	t.Helper()
	loaded, ended := make(chan bool), make(chan bool)
	c := start(t, mw, routes{
		"/slow": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			close(loaded)
			<-ended
			check(t, s.Set("late", true))
		},
	})
	old := c.copies()
	slow := c.request("/slow")
	w := httptest.NewRecorder()
	done := make(chan bool)
	go func() { defer close(done); c.handler.ServeHTTP(w, slow) }()
	<-loaded
	c.get(end)
	close(ended)
	<-done
	if w.Code != http.StatusConflict || len(w.Result().Cookies()) != 0 {
		t.Fatalf("late commit: status %d, cookies %v, want 409 and none", w.Code, w.Result().Cookies())
	}
	if got := body(c.do("/who", old)); got != "" {
		t.Fatalf("the old token leads to %q", got)
	}
	if got := body(c.get("/who")); got != who {
		t.Fatalf("the new token leads to %q, want %q", got, who)
	}
}

// What a logout does not know of it cannot end, and so it must not say that it
// did.
func TestRES1_LogoutAfterRegeneration(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
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
		again := c.copies()
		if c.get("/busy-logout"); len(c.cookies) != 0 {
			t.Errorf("after a change: cookies %v", c.cookies)
		}
		if got := body(c.do("/who", again)); got != "" {
			t.Errorf("after the logout the token leads to %q", got)
		}
	})
}

// What another request commits while one regenerates the ID is in the session
// under its new ID, and not under the old one.
func TestRES2_ChangeDuringRegeneration(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		mw := newMiddleware(t, b, nil)
		var c *client
		var old map[string]string
		c = start(t, mw, routes{
			"/add": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.Set("added", 1)) },
			"/slow-login": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				if response := c.do("/add", old); response.StatusCode != 200 {
					t.Errorf("/add: status %d", response.StatusCode)
				}
				check(t, s.RegenerateID())
				check(t, s.Set("role", "admin"))
			},
		})
		old = c.copies()
		if response := c.get("/slow-login"); response.StatusCode != 200 {
			t.Errorf("status %d", response.StatusCode)
		}
		in(c, mw, func(r *http.Request, s *sessions.Session) {
			if !s.Has("added") || !s.Has("role") || !s.Has("user") {
				t.Errorf("under the new ID: %v", s.Keys())
			}
		})
		c.cookies = old
		in(c, mw, func(r *http.Request, s *sessions.Session) {
			if s.Len() != 0 {
				t.Errorf("under the old ID: %v", s.Keys())
			}
		})
	})
}

// What expires while a request works on it stays gone: no change, new ID or
// longer lifetime brings it back, and no cookie is sent.
func TestRES3_EXP1_NothingRenewsWhatHasExpired(t *testing.T) {
	for name, f := range map[string]func(s *sessions.Session) error{
		"a change":          func(s *sessions.Session) error { return s.Set("late", true) },
		"a new ID":          func(s *sessions.Session) error { return s.RegenerateID() },
		"a longer lifetime": func(s *sessions.Session) error { return s.SetLifetime(1000 * time.Hour) },
		"remember me":       func(s *sessions.Session) error { return s.SetPersistent(false) },
		"an owner":          func(s *sessions.Session) error { return s.SetSubject("ada") },
		"use":               func(s *sessions.Session) error { return nil },
	} {
		for end, config := range map[string]sessions.Config{
			"absolute": {Lifetime: time.Hour},
			// A request under way is use, unless it is none by configuration.
			"idle": {Lifetime: 10 * time.Hour, IdleTimeout: time.Hour, NoTouch: sessions.Always},
		} {
			t.Run(name+"/"+end, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					for kind, b := range variants(t) {
						c := start(t, newMiddleware(t, b, &config), routes{
							"/slow": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
								time.Sleep(time.Hour)
								check(t, f(s))
							},
						})
						want := http.StatusConflict
						if name == "use" {
							want = http.StatusOK
						}
						if response := c.get("/slow"); response.StatusCode != want || len(response.Cookies()) != 0 {
							t.Errorf("%s: status %d, cookies %v, want %d and none", kind, response.StatusCode, response.Cookies(), want)
						}
						if got := body(c.get("/who")); got != "" {
							t.Errorf("%s: it is back: %q", kind, got)
						}
						if got := left(t, b); got != 0 {
							t.Errorf("%s: %d records are left", kind, got)
						}
					}
				})
			})
		}
	}
}

// RevokeAll ends every session of its owner at once, also for a request that is
// under way, and nobody else's.
func TestEXP3_RevokeAllEndsEverySession(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		if !slices.Contains(backends.Abilities(b), backends.CanSubjects) {
			return // and says so, as cookies do
		}
		mw := newMiddleware(t, b, nil)
		var devices []*client
		login := routes{
			"/as-ada": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.SetSubject("ada")) },
			"/as-eve": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.SetSubject("eve")) },
			"/slow": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				n, err := mw.RevokeAll(t.Context(), "ada")
				if n != len(devices) || err != nil {
					t.Errorf("RevokeAll: %d, %v, want %d", n, err, len(devices))
				}
				check(t, s.Set("late", true))
			},
		}
		for range 5 {
			c := start(t, mw, login)
			c.get("/as-ada")
			c.get("/login")
			devices = append(devices, c)
		}
		eve := start(t, mw, login)
		eve.get("/as-eve")
		if response := devices[0].get("/slow"); response.StatusCode != http.StatusConflict || len(response.Cookies()) != 0 {
			t.Errorf("the request under way: status %d, cookies %v", response.StatusCode, response.Cookies())
		}
		for i, c := range devices {
			if got := body(c.get("/who")); got != "" {
				t.Errorf("device %d is still in as %q", i, got)
			}
		}
		if got := body(eve.get("/who")); got != "ada" { // what start stores
			t.Errorf("somebody else was logged out")
		}
	})
}

// A session that another request moves to a new ID while it is being revoked has
// not ended, and so nobody may be told that it has.
func TestRES1_RevokeDuringRegeneration(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		mw := newMiddleware(t, b, nil)
		c := start(t, mw, routes{"/own": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.SetSubject("ada")) }})
		c.get("/own")
		list, err := mw.List(t.Context(), "ada")
		if errors.Is(err, errors.ErrUnsupported) {
			return
		}
		if len(list) != 1 || err != nil {
			t.Fatalf("List: %v, %v", list, err)
		}
		hooked := hook(b)
		revoking := newMiddleware(t, hooked.Backend, nil)
		hooked.once(backends.OpSwap, func() { c.get("/login") })
		found, err := revoking.Revoke(t.Context(), "ada", list[0].PublicID)
		who := body(c.get("/who"))
		if !found || !errors.Is(err, sessions.ErrConflict) || who != "ada" {
			t.Errorf("Revoke: %v, %v, want ErrConflict, because the session lives on as %q", found, err, who)
		}
		list, err = mw.List(t.Context(), "ada")
		if len(list) != 1 || err != nil {
			t.Fatalf("List: %v, %v", list, err)
		}
		// A change at the same moment is no reason.
		hooked.once(backends.OpSwap, func() { c.get("/other") })
		if found, err := revoking.Revoke(t.Context(), "ada", list[0].PublicID); !found || err != nil {
			t.Errorf("Revoke: %v, %v", found, err)
		}
		if who := body(c.get("/who")); who != "" {
			t.Errorf("after Revoke the session lives on as %q", who)
		}
	})
}

// Where sessions cannot be revoked, nobody is told that they were.
func TestEXP3_EXP4_CookiesCannotBeRevoked(t *testing.T) {
	for name, codec := range map[string]cookie.Codec{
		"encrypted": cookie.Encrypted(secret), "jwt": cookie.JWT(secret), "flask": cookie.Flask(secret), "starlette": cookie.Starlette(secret),
	} {
		mw := newMiddleware(t, cookie.New(codec), nil)
		if n, err := mw.RevokeAll(t.Context(), "ada"); n != 0 || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: RevokeAll: %d, %v, want ErrUnsupported", name, n, err)
		}
		if found, err := mw.Revoke(t.Context(), "ada", "x"); found || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: Revoke: %v, %v, want ErrUnsupported", name, found, err)
		}
		if list, err := mw.List(t.Context(), "ada"); list != nil || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: List: %v, %v, want ErrUnsupported", name, list, err)
		}
		if _, err := sessions.New(cookie.New(codec), &sessions.Config{Require: []backends.Ability{backends.CanSubjects}}); err == nil {
			t.Errorf("%s: New with Require: no error", name)
		}
	}
}
