package sessions_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// newMiddleware is sessions.New for tests.
func newMiddleware(t testing.TB, b sessions.Backend, config *sessions.Config) *sessions.Middleware {
	t.Helper()
	if config == nil {
		config = new(sessions.Config)
	}
	quiet := *config
	quiet.Logger = slog.New(slog.DiscardHandler)
	mw, err := sessions.New(b, &quiet)
	if err != nil {
		t.Fatal(err)
	}
	return mw
}

// client keeps cookies as a browser on one secure site does.
type client struct {
	t       testing.TB
	handler http.Handler
	cookies map[string]string
}

func newClient(t testing.TB, h http.Handler) *client {
	return &client{t, h, map[string]string{}}
}

func (c *client) request(path string) *http.Request {
	r := httptest.NewRequest("GET", path, nil)
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (c *client) keep(response *http.Response) {
	for _, cookie := range response.Cookies() {
		if cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
			continue
		}
		c.cookies[cookie.Name] = cookie.Value
	}
}

func (c *client) get(path string) *http.Response {
	c.t.Helper()
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, c.request(path))
	response := w.Result()
	c.keep(response)
	return response
}

// routes are what the tests' handlers do, by path.
type routes map[string]func(w http.ResponseWriter, r *http.Request, s *sessions.Session)

// serve returns a handler that loads the session and runs the path's route.
func serve(t testing.TB, mw *sessions.Middleware, routes routes) http.Handler {
	return mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		routes[r.URL.Path](w, r, s)
	}))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

const user sessions.Key[string] = "user"

var basics = routes{
	"/read": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		_, _ = user.Get(s)
	},
	"/login": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		_ = s.RegenerateID()
		_ = user.Set(s, "ada")
	},
	"/same":    func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { _ = user.Set(s, "ada") },
	"/other":   func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { _ = user.Set(s, "bob") },
	"/clear":   func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { _ = s.Clear() },
	"/destroy": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { _ = s.Destroy(r.Context()) },
	"/undo": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		_ = user.Set(s, "eve")
		_ = user.Set(s, "ada")
	},
	"/again": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		_ = s.Destroy(r.Context())
		_ = user.Set(s, "new")
	},
	"/who": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		name, _ := user.Get(s)
		_, _ = w.Write([]byte(name))
	},
}

func body(r *http.Response) string {
	var b strings.Builder
	buf := make([]byte, 1024)
	for {
		n, err := r.Body.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return b.String()
		}
	}
}

func TestLifecycleOfTheCookie(t *testing.T) {
	backend := memory.New(nil)
	t.Cleanup(func() { _ = backend.Close() })
	calls := map[backends.Op]int{}
	counted := backends.Intercept(backend, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		calls[op]++
		return next(ctx)
	})
	c := newClient(t, serve(t, newMiddleware(t, counted, nil), basics))
	for _, step := range []struct {
		path      string
		setCookie string // "", "set" or "deleted"
		ops       map[backends.Op]int
	}{
		{"/read", "", nil},
		{"/clear", "", nil},
		{"/destroy", "", nil},
		{"/same", "set", map[backends.Op]int{backends.OpSwap: 1}},
		{"/read", "", map[backends.Op]int{backends.OpRead: 1}},
		{"/same", "", map[backends.Op]int{backends.OpRead: 1}},
		{"/undo", "", map[backends.Op]int{backends.OpRead: 1}},
		{"/other", "", map[backends.Op]int{backends.OpRead: 1, backends.OpSwap: 1}},
		{"/login", "set", map[backends.Op]int{backends.OpRead: 1, backends.OpRotate: 1}},
		{"/clear", "", map[backends.Op]int{backends.OpRead: 1, backends.OpSwap: 1}},
		{"/again", "set", map[backends.Op]int{backends.OpRead: 1, backends.OpSwap: 2}},
		{"/destroy", "deleted", map[backends.Op]int{backends.OpRead: 1, backends.OpSwap: 1}},
		{"/read", "", nil},
	} {
		clear(calls)
		response := c.get(step.path)
		set := ""
		for _, cookie := range response.Cookies() {
			if set != "" {
				t.Errorf("%s: more than one Set-Cookie", step.path)
			}
			set = "set"
			if cookie.MaxAge < 0 {
				set = "deleted"
			}
			if cookie.Name != "__Host-session" || !cookie.Secure || !cookie.HttpOnly || cookie.Path != "/" || cookie.Domain != "" || cookie.SameSite != http.SameSiteLaxMode {
				t.Errorf("%s: Set-Cookie %v: not the safe default", step.path, cookie)
			}
		}
		if set != step.setCookie {
			t.Errorf("%s: Set-Cookie: got %q, want %q", step.path, set, step.setCookie)
		}
		if got := response.Header.Get("Vary"); got != "Cookie" {
			t.Errorf("%s: Vary: got %q, want Cookie", step.path, got)
		}
		if got, want := response.Header.Get("Cache-Control"), map[bool]string{true: "no-store"}[set != ""]; got != want {
			t.Errorf("%s: Cache-Control: got %q, want %q", step.path, got, want)
		}
		for _, op := range []backends.Op{backends.OpRead, backends.OpWrite, backends.OpSwap, backends.OpRotate, backends.OpRemove, backends.OpExists, backends.OpTouch} {
			if calls[op] != step.ops[op] {
				t.Errorf("%s: %s: got %d calls, want %d", step.path, op, calls[op], step.ops[op])
			}
		}
	}
}

func TestUntouchedRequestCostsNothing(t *testing.T) {
	backend := backends.Intercept(memory.New(nil), func(context.Context, backends.Op, func(context.Context) error) error {
		t.Error("the backend was asked")
		return errors.New("no")
	})
	mw := newMiddleware(t, backend, nil)
	c := newClient(t, mw.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	c.cookies["__Host-session"] = strings.Repeat("A", 43)
	if response := c.get("/"); len(response.Header) != 0 {
		t.Errorf("header: got %v, want none", response.Header)
	}
}
