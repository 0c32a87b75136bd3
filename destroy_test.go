package sessions_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// TestDestroyOfSeveralSessions: a logout with the cookies of several sessions ends
// them all; junk before the real one does not protect it; and if there
// are too many tokens, Destroy returns an error.
func TestDestroyOfSeveralSessions(t *testing.T) {
	b := memory.New(nil)
	mw := newMiddleware(t, b, nil)
	name := "__Host-session"
	login := func() string {
		c := start(t, mw, nil)
		return c.cookies[name]
	}
	junk := func() string { return strings.Repeat("A", 42) + "E" }
	for what, tt := range map[string]struct {
		tokens []string
		left   int
		status int
	}{
		"two sessions":              {[]string{login(), login()}, 0, 200},
		"junk before a session":     {[]string{junk(), strings.Repeat("B", 42) + "E", login()}, 0, 200},
		"more than can be read":     {[]string{junk(), strings.Repeat("B", 42) + "E", strings.Repeat("C", 42) + "E", strings.Repeat("D", 42) + "E", login()}, 1, 400},
		"a session, and then a lot": {[]string{login(), junk(), strings.Repeat("B", 42) + "E", login()}, 0, 200},
	} {
		before := count(t, b)
		live := 0
		for _, token := range tt.tokens {
			if len(token) == 43 && !strings.HasPrefix(token, "AAAA") && !strings.HasPrefix(token, "BBBB") && !strings.HasPrefix(token, "CCCC") && !strings.HasPrefix(token, "DDDD") {
				live++
			}
		}
		r := httptest.NewRequest("GET", "/", nil)
		for _, token := range tt.tokens {
			r.AddCookie(&http.Cookie{Name: name, Value: token})
		}
		w := httptest.NewRecorder()
		mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := sessions.Load(r.Context())
			check(t, err)
			if err := s.Destroy(r.Context()); err != nil {
				sessions.Error(w, r, err)
			}
		})).ServeHTTP(w, r)
		if w.Code != tt.status || before-count(t, b) != live-tt.left {
			t.Errorf("%s: status %d, %d of %d sessions ended", what, w.Code, before-count(t, b), live)
		}
	}
}

// TestRES1_RES2_R2_E1_E21_LogoutIsFinal: a request is held between its load and
// its commit while another one ends the session or regenerates its ID. It
// stores nothing, neither under the old ID nor under one of its own, and says
// so. All of it a thousand times.
func TestRES1_RES2_R2_E1_E21_LogoutIsFinal(t *testing.T) {
	for end, want := range map[string]struct {
		who  string // the user of the session to which the other request's token leads
		left int    // the number of sessions, without tombstones
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

// TestRES1_LogoutAfterRegeneration: a logout cannot end a session whose new ID it does
// not know, and must not report success.
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
