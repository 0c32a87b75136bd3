package sessions_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

// preset is a memory backend that proposes a configuration, as a store does that
// is shared with another framework.
type preset struct {
	*memory.Backend
	defaults backends.Defaults
}

func (p preset) Describe() backends.Facts { return backends.Facts{Defaults: p.defaults} }

func asStarsessions() preset {
	return preset{memory.New(nil), backends.Defaults{Format: serializer.StarsessionsFormat, IDs: sessions.RawIDs, EmptyIsAbsent: true}}
}

// A session whose record goes when it is empty loses nothing that others add
// meanwhile.
func TestR3_EmptiedWhileAnotherAdds(t *testing.T) {
	b := asStarsessions()
	mw := newMiddleware(t, b, nil)
	var c *client
	c = start(t, mw, routes{
		"/slow-delete": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			c.get("/add")
			check(t, user.Delete(s))
		},
		"/add":    func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.Set("added", 1)) },
		"/delete": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.Delete("added")) },
	})
	if response := c.get("/slow-delete"); response.StatusCode != 200 || len(c.cookies) != 1 {
		t.Errorf("status %d, cookies %v", response.StatusCode, c.cookies)
	}
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		if !s.Has("added") || s.Len() != 1 {
			t.Errorf("stored: %v", s.Keys())
		}
	})
	if c.get("/delete"); len(c.cookies) != 0 || count(t, b) != 0 {
		t.Errorf("emptied: cookies %v, %d records", c.cookies, count(t, b))
	}
}

// The lost answer to such a removal is no failure.
func TestR4_LostAnswerToARemoval(t *testing.T) {
	for _, before := range []bool{false, true} {
		var n atomic.Int32
		b := asStarsessions()
		mw := newMiddleware(t, lossy(b, backends.OpSwap, before, &n), nil)
		c := start(t, mw, nil)
		n.Store(1)
		if response := c.get("/clear"); response.StatusCode != 200 || len(c.cookies) != 0 || count(t, b) != 0 {
			t.Errorf("before %v: status %d, cookies %v, %d records", before, response.StatusCode, c.cookies, count(t, b))
		}
	}
}

// Saved empty, filled again, emptied: the browser ends up with what is stored.
func TestEmptiedAndFilledAgain(t *testing.T) {
	for name, newBackend := range map[string]func() sessions.Backend{
		"starsessions": func() sessions.Backend { return asStarsessions() },
		"flask":        func() sessions.Backend { return cookie.New(cookie.Flask(secret)) },
		"encrypted":    func() sessions.Backend { return cookie.New(cookie.Encrypted(secret)) },
	} {
		mw := newMiddleware(t, newBackend(), nil)
		save := func(r *http.Request, s *sessions.Session) { check(t, s.Save(r.Context())) }
		for i, tt := range []struct {
			f    func(r *http.Request, s *sessions.Session)
			want int // keys afterwards; 0: no cookie
		}{
			{func(r *http.Request, s *sessions.Session) { _ = s.Clear(); save(r, s); _ = s.Set("a", 1) }, 1},
			{func(r *http.Request, s *sessions.Session) {
				_ = s.Clear()
				save(r, s)
				_ = s.Set("a", 1)
				save(r, s)
				_ = s.Clear()
			}, 0},
			{func(r *http.Request, s *sessions.Session) {
				_ = s.Destroy(r.Context())
				_ = s.Set("a", 1)
				_ = s.Clear()
			}, 0},
			{func(r *http.Request, s *sessions.Session) { _ = s.RegenerateID(); _ = s.Clear() }, 0},
			{func(r *http.Request, s *sessions.Session) {
				_ = s.RegenerateID()
				_ = s.Destroy(r.Context())
				_ = s.Set("a", 1)
				_ = s.Set("b", 1)
			}, 2},
			{func(r *http.Request, s *sessions.Session) {
				_ = s.Set("b", 1)
				save(r, s)
				_ = s.Destroy(r.Context())
				_ = s.Set("a", 1)
			}, 1},
			{func(r *http.Request, s *sessions.Session) {
				_ = s.Set("b", 1)
				save(r, s)
				s.Discard()
				_ = s.Delete("b")
			}, 1},
		} {
			c := start(t, mw, nil)
			response := in(c, mw, tt.f)
			if response.StatusCode != 200 || len(response.Cookies()) > 1 || (len(c.cookies) == 0) != (tt.want == 0) {
				t.Errorf("%s %d: status %d, cookies %v", name, i, response.StatusCode, response.Cookies())
			}
			in(c, mw, func(r *http.Request, s *sessions.Session) {
				if s.Len() != tt.want {
					t.Errorf("%s %d: stored %v, want %d keys", name, i, s.Keys(), tt.want)
				}
			})
		}
		fresh := newClient(t, nil)
		if response := in(fresh, mw, func(r *http.Request, s *sessions.Session) { _ = s.Set("a", 1); save(r, s); _ = s.Destroy(r.Context()) }); len(fresh.cookies) != 0 || response.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: a visitor who came and went has a cookie: %v", name, response.Header)
		}
	}
}

// What a stateless backend can hold, it enforces: the deadline from creation,
// the lifetime of one session, and the idle time.
func TestEXP2_StatelessDeadlines(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		name   string
		config sessions.Config
		set    time.Duration   // SetLifetime
		visits []time.Duration // since creation
		dead   time.Duration
	}{
		{"lifetime", sessions.Config{Lifetime: 10 * day}, 0, []time.Duration{9 * day}, 10 * day},
		{"shorter by itself", sessions.Config{Lifetime: 10 * day}, day, []time.Duration{23 * time.Hour}, day},
		{"longer by itself", sessions.Config{Lifetime: 10 * day}, 30 * day, []time.Duration{9 * day, 20 * day, 29 * day}, 30 * day},
		{"idle", sessions.Config{Lifetime: 10 * day, IdleTimeout: day}, 0, []time.Duration{23 * time.Hour, 46 * time.Hour}, 70 * time.Hour},
		{"used, and still over", sessions.Config{Lifetime: 2 * day, IdleTimeout: day}, 0, []time.Duration{23 * time.Hour, 46 * time.Hour, 2*day - 2*time.Second}, 2 * day},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mw := newMiddleware(t, cookie.New(cookie.Encrypted(secret)), &tt.config)
				begin := time.Now().Truncate(time.Second)
				c := newClient(t, nil)
				in(c, mw, func(r *http.Request, s *sessions.Session) {
					check(t, user.Set(s, "ada"))
					if tt.set > 0 {
						check(t, s.SetLifetime(tt.set))
					}
				})
				who := func() (name string) {
					in(c, mw, func(r *http.Request, s *sessions.Session) { name, _ = user.Get(s) })
					return name
				}
				for _, at := range tt.visits {
					time.Sleep(time.Until(begin.Add(at)))
					if who() != "ada" {
						t.Fatalf("after %v: dead", at)
					}
				}
				kept := fmt.Sprint(c.cookies)
				time.Sleep(time.Until(begin.Add(tt.dead)))
				if who() != "" {
					t.Errorf("after %v: alive with %.60s", tt.dead, kept)
				}
			})
		})
	}
}

// RES5, R40: what a cookie cannot promise, so that nobody relies on it.
func TestR40_RES5_EXP4_CookiesAreReplayed(t *testing.T) {
	mw := newMiddleware(t, cookie.New(cookie.Encrypted(secret)), nil)
	c := start(t, mw, nil)
	copied := c.copies()
	c.get("/destroy")
	if len(c.cookies) != 0 {
		t.Errorf("after the logout: %v", c.cookies)
	}
	if got := body(c.do("/who", copied)); got != "ada" {
		t.Errorf("a copy of the token leads to %q: say so in docs/security.md", got)
	}
}

// The operator is told once what a stateless backend cannot do, and what one
// without swaps cannot.
func TestASVS741_WeakBackendsAreLogged(t *testing.T) {
	for name, tt := range map[string]struct {
		b    sessions.Backend
		want string
	}{
		"stateless": {cookie.New(cookie.Encrypted(secret)), "stateless"},
		"no swap":   {basic{memory.New(nil)}, "cannot swap"},
		"full":      {memory.New(nil), ""},
	} {
		seen := &secrets{hidden: map[string]string{}}
		mustNew(t, tt.b, &sessions.Config{Logger: seen.logger()})
		if got := seen.shown.String(); strings.Contains(got, tt.want) != (tt.want != "" || got == "") || strings.Count(got, "\n") > 1 {
			t.Errorf("%s: logged %q", name, got)
		}
	}
}
