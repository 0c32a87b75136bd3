package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// move is a site that changes its cookie and its backend.
type move struct {
	old, new   *memory.Backend
	before     *sessions.Middleware
	after      *sessions.Middleware
	down       bool
	beforeHand http.Handler
	afterHand  http.Handler
}

func newMove(t *testing.T) *move {
	m := &move{old: memory.New(nil), new: memory.New(nil)}
	transport := sessions.Cookie{Name: "__Host-old"}
	m.before = newMiddleware(t, m.old, &sessions.Config{Transport: transport})
	source := backends.Intercept(m.old, func(ctx context.Context, _ backends.Op, next func(context.Context) error) error {
		if m.down {
			return errors.New("down")
		}
		return next(ctx)
	})
	m.after = newMiddleware(t, m.new, &sessions.Config{Sources: []sessions.Source{{Backend: source, Transport: transport}}})
	m.beforeHand, m.afterHand = serve(t, m.before, basics), serve(t, m.after, basics)
	return m
}

func TestSourceMovesWithTheFirstRequest(t *testing.T) {
	m := newMove(t)
	c := newClient(t, m.beforeHand)
	c.get("/same")
	c.handler = m.afterHand
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("first request: got %q, want ada", got)
	}
	if _, ok := c.cookies["__Host-session"]; !ok || len(c.cookies) != 1 {
		t.Errorf("cookies: got %v, want the new one", c.cookies)
	}
	if a, b := count(t, m.old), count(t, m.new); a != 0 || b != 1 {
		t.Errorf("%d records in the old backend and %d in the new one, want 0 and 1", a, b)
	}
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("second request: got %q, want ada", got)
	}
}

func TestSourceLostAnswerAndParallelImports(t *testing.T) {
	m := newMove(t)
	c := newClient(t, m.beforeHand)
	c.get("/same")
	c.handler = m.afterHand
	old := c.request("/who")
	tokens := make(chan string, 20)
	together(20, func(int) {
		w := httptest.NewRecorder()
		m.afterHand.ServeHTTP(w, old.Clone(t.Context()))
		if w.Code == 409 { // a concurrent move removed the record
			w = httptest.NewRecorder()
			m.afterHand.ServeHTTP(w, old.Clone(t.Context()))
		}
		if w.Body.String() != "ada" {
			t.Errorf("status %d, %q", w.Code, w.Body)
		}
		for _, cookie := range w.Result().Cookies() {
			if cookie.Name == "__Host-session" {
				tokens <- cookie.Value
			}
		}
	})
	first := <-tokens
	for range 19 {
		if other := <-tokens; other != first {
			t.Error("two imports made two sessions")
		}
	}
	if n := count(t, m.new); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
}

func TestSourceOutageIsNoNewSession(t *testing.T) {
	m := newMove(t)
	c := newClient(t, m.beforeHand)
	c.get("/same")
	c.handler = m.afterHand
	m.down = true
	if response := c.get("/other"); response.StatusCode != 503 || len(response.Cookies()) != 0 {
		t.Errorf("status %d, cookies %v", response.StatusCode, response.Cookies())
	}
	m.down = false
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("after the outage: got %q, want ada", got)
	}
}

func TestSourceLogout(t *testing.T) {
	m := newMove(t)
	c := newClient(t, m.beforeHand)
	c.get("/same")
	c.handler = m.afterHand
	replay := c.request("/who")
	c.get("/destroy")
	if len(c.cookies) != 0 || count(t, m.old) != 0 || count(t, m.new) != 0 {
		t.Errorf("cookies %v, %d and %d records", c.cookies, count(t, m.old), count(t, m.new))
	}
	w := httptest.NewRecorder()
	m.afterHand.ServeHTTP(w, replay)
	if w.Body.Len() != 0 {
		t.Errorf("the old token leads to %q", w.Body)
	}
}

func TestSourceKeepsMetadata(t *testing.T) {
	m := newMove(t)
	c := newClient(t, nil)
	var created string
	in(c, m.before, func(r *http.Request, s *sessions.Session) {
		check(t, s.SetSubject("ada"))
		check(t, s.SetPersistent(false))
		created = fmt.Sprint(s.Created().Unix())
	})
	response := in(c, m.after, func(r *http.Request, s *sessions.Session) {
		if got := fmt.Sprint(s.Created().Unix()); s.Subject() != "ada" || got != created || s.IsNew() {
			t.Errorf("subject %q, created %s, new %v", s.Subject(), got, s.IsNew())
		}
	})
	for _, cookie := range response.Cookies() {
		if cookie.Name == "__Host-session" && cookie.MaxAge != 0 {
			t.Error("a browser session became a persistent one")
		}
	}
	if list, err := m.after.List(t.Context(), "ada"); len(list) != 1 || err != nil {
		t.Errorf("List: %v, %v", list, err)
	}
}
