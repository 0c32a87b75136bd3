package sessionstest_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/sessionstest"
)

const key = "not-a-secret-but-long-enough-for-one"

const user sessions.Key[string] = "user"

// greet greets the user, counts visits, and ends the session at /logout.
func greet(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	if r.URL.Path == "/logout" {
		if err := session.Destroy(r.Context()); err != nil {
			sessions.Error(w, r, err)
		}
		return
	}
	name, _ := user.Get(session)
	visits.Update(session, func(n int) (int, error) { return n + 1, nil })
	fmt.Fprintf(w, "Hello, %s!", name)
}

const visits sessions.Key[int] = "visits"

func TestVisitor(t *testing.T) {
	for _, test := range []struct {
		name    string
		backend backends.Backend
		config  *sessions.Config
	}{
		{"memory", memory.New(nil), nil},
		{"no cookie", memory.New(nil), &sessions.Config{Transport: sessions.Bearer()}},
		{"own header", memory.New(nil), &sessions.Config{Transport: sessions.Header{Name: "X-Session"}}},
		{"restricted", memory.New(nil), &sessions.Config{Transport: sessions.Cookie{Path: "/app", Domain: "example.org"}}},
		{"stateless", cookie.New(cookie.Flask(key)), nil},
		{"stateless in a header", cookie.New(cookie.Flask(key)), &sessions.Config{Transport: sessions.Bearer()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			mw, err := sessions.New(test.backend, test.config)
			if err != nil {
				t.Fatal(err)
			}
			app := mw.Handler(http.HandlerFunc(greet))
			visitor, stranger := sessionstest.NewVisitor(mw), sessionstest.NewVisitor(mw)
			get := func(v *sessionstest.Visitor, path string) string {
				return v.Do(app, httptest.NewRequest("GET", path, nil)).Body.String()
			}
			counted := func(v *sessionstest.Visitor, want int) {
				t.Helper()
				err := v.Session(func(s *sessions.Session) error {
					if n, err := visits.Get(s); n != want || err != nil {
						t.Errorf("got %d visits and %v, want %d", n, err, want)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}

			if err := visitor.Session(func(s *sessions.Session) error { return user.Set(s, "Ada") }); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if got, want := get(visitor, "/"), "Hello, Ada!"; got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			if got, want := get(stranger, "/"), "Hello, !"; got != want {
				t.Errorf("a stranger got %q, want %q", got, want)
			}
			counted(visitor, 2)
			counted(stranger, 1)

			failed := visitor.Session(func(s *sessions.Session) error {
				visits.Set(s, 100)
				return errOwn
			})
			if !errors.Is(failed, errOwn) {
				t.Errorf("got %v, want the error of the function", failed)
			}
			counted(visitor, 2)

			get(visitor, "/logout")
			counted(visitor, 0)
			counted(stranger, 1)
			if err := stranger.Session(func(s *sessions.Session) error { return s.Destroy(t.Context()) }); err != nil {
				t.Error(err)
			}
			counted(stranger, 0)
		})
	}
}

func TestVisitorKeepsCookiesAsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			browserSession, closed bool
			after                  time.Duration
			want                   string
		}{
			{false, true, 23 * time.Hour, "Ada"},
			{false, false, 25 * time.Hour, ""},
			{true, false, 23 * time.Hour, "Ada"},
			{true, true, 0, ""},
		} {
			mw, err := sessions.New(memory.New(nil), &sessions.Config{Lifetime: 24 * time.Hour, BrowserSession: test.browserSession})
			if err != nil {
				t.Fatal(err)
			}
			visitor := sessionstest.NewVisitor(mw)
			visitor.Session(func(s *sessions.Session) error { return user.Set(s, "Ada") })
			if test.closed {
				visitor.Close()
			}
			time.Sleep(test.after)
			visitor.Session(func(s *sessions.Session) error {
				if got, _ := user.Get(s); got != test.want {
					t.Errorf("%+v: got %q", test, got)
				}
				return nil
			})
			cookies := 0
			visitor.Do(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { cookies = len(r.Cookies()) }), httptest.NewRequest("GET", "/", nil))
			if (cookies > 0) != (test.want != "") {
				t.Errorf("%+v: %d cookies are sent", test, cookies)
			}
		}
	})
}

func TestVisitorReportsOutage(t *testing.T) {
	faulty := sessionstest.NewFaulty(1)
	mw, err := sessions.New(backends.Intercept(memory.New(nil), faulty.Intercept), &sessions.Config{Autoload: sessions.Always})
	if err != nil {
		t.Fatal(err)
	}
	visitor := sessionstest.NewVisitor(mw)
	faulty.Set(sessionstest.Faults{Before: 1})
	if err := visitor.Session(func(s *sessions.Session) error { return user.Set(s, "Ada") }); !errors.Is(err, sessionstest.ErrInjected) {
		t.Errorf("got %v when saving fails, want the failure", err)
	}
	faulty.Set(sessionstest.Faults{})
	if err := visitor.Session(func(s *sessions.Session) error { return user.Set(s, "Ada") }); err != nil {
		t.Error(err)
	}
	faulty.Set(sessionstest.Faults{Before: 1})
	if err := visitor.Session(func(*sessions.Session) error { return nil }); err == nil || !strings.Contains(err.Error(), "answered 503") {
		t.Errorf("got %v when loading fails before the function runs", err)
	}
}
