package sessions_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

const secret = "q7PZ0mWc5xkT2Yb9RdVh8sLf1NgJ4uEa6oBi3"

var oldCookie = sessions.Cookie{Name: "__Host-old"}

// moving is a site that moves from one middleware to another. The backend of the first
// is a source of the second.
type moving struct {
	t             testing.TB
	before, after *sessions.Middleware
	old, new      *hooked
}

func newMoving(t testing.TB) *moving {
	m := &moving{t: t, old: hook(memory.New(nil)), new: hook(memory.New(nil))}
	m.before = newMiddleware(t, m.old.Backend, &sessions.Config{Transport: oldCookie})
	m.after = newMiddleware(t, m.new.Backend, &sessions.Config{Sources: []sessions.Source{{Backend: m.old.Backend, Transport: oldCookie}}})
	return m
}

// visitor returns a client of the new site that has a session in the old backend.
func (m *moving) visitor(more routes) *client {
	c := start(m.t, m.before, nil)
	c.handler = serve(m.t, m.after, join2(basics, more))
	return c
}

func join2(a, b routes) routes {
	all := routes{}
	for _, r := range []routes{a, b} {
		for path, f := range r {
			all[path] = f
		}
	}
	return all
}

// TestSourceHasOtherTransports: a token that came by a transport of a source and leads
// to no session does not decide the transport of the new session.
func TestSourceHasOtherTransports(t *testing.T) {
	source := sessions.Source{Backend: memory.New(nil), Transport: sessions.Chain(sessions.Bearer(), oldCookie)}
	unknown := strings.Repeat("A", 43)
	for name, tt := range map[string]struct {
		transport sessions.Transport
		request   http.Header
		answer    string
	}{
		"index":    {sessions.Cookie{}, http.Header{"Cookie": {"__Host-old=" + unknown}}, "Set-Cookie"},
		"way back": {sessions.Chain(sessions.Header{Name: "X-Session"}, sessions.Cookie{}), http.Header{"Cookie": {"__Host-session=" + unknown}, "Authorization": {"Bearer " + unknown}}, "Set-Cookie"},
		"neither":  {sessions.Chain(sessions.Header{Name: "X-Session"}, sessions.Cookie{}), http.Header{"Cookie": {"__Host-old=" + unknown}}, "X-Session"},
	} {
		mw := newMiddleware(t, memory.New(nil), &sessions.Config{Transport: tt.transport, Sources: []sessions.Source{source}})
		r := httptest.NewRequest("GET", "/same", nil)
		r.Header = tt.request
		w := httptest.NewRecorder()
		serve(t, mw, basics).ServeHTTP(w, r)
		got := strings.Join(w.Header().Values(tt.answer), "\n")
		if w.Code != 200 || !strings.Contains(got, "__Host-session=") && len(got) != 43 {
			t.Errorf("%s: got %d %v", name, w.Code, w.Header())
		}
	}
}

// TestSourceRetiredToken: a token that the old site retired is worthless on the new
// site too: nothing is stored for it, and no cookie overwrites the newer one.
func TestSourceRetiredToken(t *testing.T) {
	m := newMoving(t)
	c := start(t, m.before, nil)
	stale := c.copies()
	c.get("/login")
	c.handler = serve(t, m.after, basics)
	if response := c.do("/other", stale); response.StatusCode != 409 || len(response.Cookies()) != 0 {
		t.Errorf("the stale token: got %d, cookies %v", response.StatusCode, response.Cookies())
	}
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("the new token: got %q", got)
	}
}

func onNewSite(_ *moving, c *client, cookies map[string]string) { c.do("/destroy", cookies) }

func onOldSite(m *moving, _ *client, cookies map[string]string) {
	newClient(m.t, serve(m.t, m.before, basics)).do("/destroy", cookies)
}

// TestRES1_LogoutDuringImport: a logout during an import is final, whichever
// site it happens on.
func TestRES1_LogoutDuringImport(t *testing.T) {
	for _, tt := range []struct {
		name   string
		logout func(m *moving, c *client, cookies map[string]string)
		at     func(m *moving) *hooked // whose next swap it precedes; nil: between load and commit
	}{
		{"new site, before the commit", onNewSite, nil},
		{"new site, before the record", onNewSite, func(m *moving) *hooked { return m.new }},
		{"new site, after the record", onNewSite, func(m *moving) *hooked { return m.old }},
		{"old site, before the commit", onOldSite, nil},
		{"old site, after the record", onOldSite, func(m *moving) *hooked { return m.old }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMoving(t)
			var c *client
			var before map[string]string
			c = m.visitor(routes{"/slow": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				logout := func() { tt.logout(m, c, before) }
				if tt.at == nil {
					logout()
				} else {
					tt.at(m).once(backends.OpSwap, logout)
				}
				check(t, s.Set("late", true))
			}})
			before = c.copies()
			if response := c.do("/slow", before); response.StatusCode != 409 || len(response.Cookies()) != 0 {
				t.Errorf("the late commit: got %d, cookies %v", response.StatusCode, response.Cookies())
			}
			if a, b := count(t, m.old.Backend), count(t, m.new.Backend); a != 0 || b != 0 {
				t.Errorf("%d and %d records are left", a, b)
			}
		})
	}
	t.Run("after the other's import", func(t *testing.T) {
		m := newMoving(t)
		var c *client
		var before map[string]string
		c = m.visitor(routes{"/slow-logout": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			c.do("/who", before)
			check(t, s.Destroy(r.Context()))
		}})
		before = c.copies()
		c.get("/slow-logout")
		if a, b := count(t, m.old.Backend), count(t, m.new.Backend); a != 0 || b != 0 || len(c.cookies) != 0 {
			t.Errorf("%d and %d records are left, cookies %v", a, b, c.cookies)
		}
	})
}

// TestSourceAdopted: two requests import at once and one of them changes
// something: both succeed, in one record.
func TestSourceAdopted(t *testing.T) {
	for _, format := range []serializer.Format{nil, serializer.StarsessionsFormat, serializer.StarletteFormat} {
		m := newMoving(t)
		m.after = newMiddleware(t, m.new.Backend, &sessions.Config{Format: format, Sources: []sessions.Source{{Backend: m.old.Backend, Transport: oldCookie}}})
		var c *client
		var before map[string]string
		c = m.visitor(routes{
			"/slow": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				if response := c.do("/quick", before); response.StatusCode != 200 {
					t.Errorf("the quick one: got %d", response.StatusCode)
				}
				check(t, s.Set("slow", 1))
			},
			"/quick": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.Set("quick", 1)) },
		})
		before = c.copies()
		if response := c.get("/slow"); response.StatusCode != 200 {
			t.Errorf("the slow one: got %d", response.StatusCode)
		}
		in(c, m.after, func(r *http.Request, s *sessions.Session) {
			if !s.Has("slow") || !s.Has("quick") || !s.Has("user") {
				t.Errorf("stored: %v", s.Keys())
			}
		})
		if a, b := count(t, m.old.Backend), count(t, m.new.Backend); a != 0 || b != 1 {
			t.Errorf("%d and %d records", a, b)
		}
	}
}

// TestSourceStaysIfTheNewCookieIsTooLarge: if the new token cannot be sent, the client
// keeps its old session: a page that only reads works, and a change is refused.
func TestSourceStaysIfTheNewCookieIsTooLarge(t *testing.T) {
	old := memory.New(nil)
	before := newMiddleware(t, old, &sessions.Config{Transport: oldCookie})
	c := newClient(t, nil)
	in(c, before, func(r *http.Request, s *sessions.Session) { check(t, user.Set(s, strings.Repeat("x", 5000))) })
	after := newMiddleware(t, cookie.New(cookie.Encrypted(secret)), &sessions.Config{
		Sources: []sessions.Source{{Backend: old, Transport: sessions.Chain(sessions.Bearer(), oldCookie)}},
	})
	for status, handler := range map[int]func(*http.Request, *sessions.Session){
		200: func(_ *http.Request, s *sessions.Session) {
			if name, err := user.Get(s); len(name) != 5000 || err != nil {
				t.Errorf("read %d bytes, %v", len(name), err)
			}
		},
		500: func(_ *http.Request, s *sessions.Session) { check(t, s.Set("k", 1)) },
	} {
		response := in(c, after, handler)
		if response.StatusCode != status || len(response.Cookies()) != 0 || response.Header.Get("Authorization") != "" {
			t.Errorf("got %d %v, want %d", response.StatusCode, response.Header, status)
		}
	}
	if n := count(t, old); n != 1 {
		t.Errorf("%d records in the old backend, want 1", n)
	}
}

// TestSourceEmptied: if the handler empties a session from a source, the old record is
// removed too.
func TestSourceEmptied(t *testing.T) {
	old := memory.New(nil)
	before := newMiddleware(t, old, &sessions.Config{Transport: oldCookie})
	after := newMiddleware(t, cookie.New(cookie.Flask("a key that no one can guess")), &sessions.Config{
		Sources: []sessions.Source{{Backend: old, Transport: oldCookie}},
	})
	c := start(t, before, nil)
	in(c, after, func(r *http.Request, s *sessions.Session) { check(t, s.Clear()) })
	if n := count(t, old); n != 0 || len(c.cookies) != 0 {
		t.Errorf("%d records, cookies %v", n, c.cookies)
	}
}

// TestSourceChangedDuringImport: if a program changes the old record during the move,
// the commit fails, and the next request moves the session with both changes.
func TestSourceChangedDuringImport(t *testing.T) {
	m := newMoving(t)
	var c *client
	c = m.visitor(routes{"/slow": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		newClient(t, serve(t, m.before, basics)).do("/other", c.cookies)
		check(t, s.Set("late", true))
	}})
	if response := c.get("/slow"); response.StatusCode != 409 || len(response.Cookies()) != 0 {
		t.Errorf("got %d, cookies %v", response.StatusCode, response.Cookies())
	}
	if n := count(t, m.new.Backend); n != 0 {
		t.Errorf("%d records in the new backend", n)
	}
	if got := body(c.get("/who")); got != "bob" {
		t.Errorf("next request: got %q, want bob", got)
	}
}

// TestSourceOutageInTheMiddle: if either backend fails at any operation of the move,
// the answer is 503 and the visitor still has the session.
func TestSourceOutageInTheMiddle(t *testing.T) {
	for n := range 6 {
		for _, after := range []bool{false, true} {
			left := -1
			fail := func(b sessions.Backend) sessions.Backend {
				return backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
					if left--; left == 0 {
						if after {
							_ = next(ctx)
						}
						return errors.New("down")
					}
					return next(ctx)
				})
			}
			m := &moving{t: t, old: hook(memory.New(nil)), new: hook(memory.New(nil))}
			m.before = newMiddleware(t, m.old.Backend, &sessions.Config{Transport: oldCookie})
			m.after = newMiddleware(t, fail(m.new.Backend), &sessions.Config{Sources: []sessions.Source{{Backend: fail(m.old.Backend), Transport: oldCookie}}})
			c := m.visitor(routes{"/count": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				_, err := visits.Update(s, func(n int) (int, error) { return n + 1, nil })
				check(t, err)
			}})
			left = n + 1
			response := c.get("/count")
			left = -1
			if response.StatusCode != 200 && response.StatusCode != 503 {
				t.Errorf("operation %d, after %v: got %d", n, after, response.StatusCode)
			}
			if got := body(c.get("/who")); got != "ada" {
				t.Errorf("operation %d, after %v: %d, and then %q", n, after, response.StatusCode, got)
			}
			in(c, m.after, func(r *http.Request, s *sessions.Session) {
				if n2, _ := visits.Get(s); response.StatusCode == 200 && n2 != 1 || n2 > 1 {
					t.Errorf("operation %d, after %v: %d, and then %d visits", n, after, response.StatusCode, n2)
				}
			})
			if a, b := count(t, m.old.Backend), count(t, m.new.Backend); a != 0 || b != 1 {
				t.Errorf("operation %d, after %v: %d and %d records", n, after, a, b)
			}
		}
	}
}

// TestFIX4_SourceRegenerated: if the first request on the new site is a login, the new
// ID is not derived from the old one.
func TestFIX4_SourceRegenerated(t *testing.T) {
	m := newMoving(t)
	c := m.visitor(nil)
	before := c.copies()
	c.get("/login")
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("after the login: got %q", got)
	}
	if got := body(c.do("/who", before)); got != "" {
		t.Errorf("the old token leads to %q", got)
	}
	if n := count(t, m.new.Backend); n != 1 {
		t.Errorf("%d records", n)
	}
}

// TestSourceTossed: if a client sends two valid tokens of the source, neither is
// deleted, because the other one may be planted.
func TestSourceTossed(t *testing.T) {
	m := newMoving(t)
	a, b := m.visitor(nil), m.visitor(nil)
	r := httptest.NewRequest("GET", "/other", nil)
	r.Header.Set("Cookie", "__Host-old="+a.cookies["__Host-old"]+"; __Host-old="+b.cookies["__Host-old"])
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	if lines := w.Header().Values("Set-Cookie"); w.Code != 200 || len(lines) != 1 || !strings.HasPrefix(lines[0], "__Host-session=") {
		t.Errorf("got %d, %q", w.Code, lines)
	}
}

// TestSourcePersistence: a session keeps its persistence when it moves.
func TestSourcePersistence(t *testing.T) {
	flask := func() sessions.Backend { return cookie.New(cookie.Flask("a key that no one can guess")) }
	after := newMiddleware(t, memory.New(nil), &sessions.Config{Sources: []sessions.Source{{Backend: flask()}}})
	for _, permanent := range []bool{false, true} {
		c := newClient(t, nil)
		in(c, newMiddleware(t, flask(), nil), func(r *http.Request, s *sessions.Session) {
			check(t, user.Set(s, "ada"))
			check(t, s.SetPersistent(permanent))
		})
		response := in(c, after, func(r *http.Request, s *sessions.Session) {})
		for _, cookie := range response.Cookies() {
			if cookie.Name == "__Host-session" && (cookie.MaxAge > 0) != permanent {
				t.Errorf("permanent %v: Max-Age %d", permanent, cookie.MaxAge)
			}
		}
		if _, moved := c.cookies["__Host-session"]; !moved || len(c.cookies) != 1 {
			t.Errorf("cookies: got %v", c.cookies)
		}
	}
	old := memory.New(nil)
	before := newMiddleware(t, old, &sessions.Config{Transport: oldCookie})
	back := newMiddleware(t, flask(), &sessions.Config{Sources: []sessions.Source{{Backend: old, Transport: oldCookie}}})
	for _, permanent := range []bool{false, true} {
		c := newClient(t, nil)
		in(c, before, func(r *http.Request, s *sessions.Session) {
			check(t, user.Set(s, "ada"))
			check(t, s.SetPersistent(permanent))
		})
		for _, cookie := range in(c, back, func(r *http.Request, s *sessions.Session) {}).Cookies() {
			if cookie.Name == "session" && (cookie.MaxAge > 0) != permanent {
				t.Errorf("into Flask, permanent %v: Max-Age %d", permanent, cookie.MaxAge)
			}
		}
	}
}

// TestSourceWithTheSameCookie: if both sites have the same cookie name, the response
// sets the cookie once.
func TestSourceWithTheSameCookie(t *testing.T) {
	keys := []string{"a key that no one can guess", secret}
	before := newMiddleware(t, cookie.New(cookie.Flask(keys[0])), nil)
	after := newMiddleware(t, cookie.New(cookie.Encrypted(keys[1])), &sessions.Config{
		Transport: sessions.Cookie{Name: "session"},
		Sources:   []sessions.Source{{Backend: cookie.New(cookie.Flask(keys[0]))}},
	})
	c := start(t, before, nil)
	response := in(c, after, func(r *http.Request, s *sessions.Session) {})
	if lines := response.Header.Values("Set-Cookie"); len(lines) != 1 || strings.Contains(lines[0], "Max-Age=0") {
		t.Errorf("Set-Cookie: got %q", lines)
	}
	in(c, after, func(r *http.Request, s *sessions.Session) {
		if name, err := user.Get(s); name != "ada" || err != nil {
			t.Errorf("got %q, %v", name, err)
		}
	})
}

// TestSourceDiscard: a session from a source moves also after Discard.
func TestSourceDiscard(t *testing.T) {
	m := newMoving(t)
	c := m.visitor(routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		id := s.PublicID()
		check(t, s.RegenerateID())
		s.Discard()
		if s.PublicID() != id {
			t.Error("Discard changed the ID")
		}
	}})
	before := c.copies()
	c.get("/")
	c.do("/same", before) // as if the response was lost
	if n := count(t, m.new.Backend); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
}
