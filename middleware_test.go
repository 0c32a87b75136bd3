package sessions_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// TestASVS741_WeakBackendsAreLogged: the log says once what a stateless backend cannot
// do, and what a backend without swaps cannot do.
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

func TestR23_NestedMiddlewares(t *testing.T) {
	outer := newMiddleware(t, memory.New(nil), nil)
	same := newMiddleware(t, memory.New(nil), nil)
	other := newMiddleware(t, memory.New(nil), &sessions.Config{Transport: sessions.Cookie{Name: "other"}})
	for name, h := range map[string]http.Handler{
		"two with one cookie":     outer.Handler(same.Handler(http.NotFoundHandler())),
		"one around itself":       outer.Handler(outer.Handler(http.NotFoundHandler())),
		"with another in between": outer.Handler(other.Handler(same.Handler(http.NotFoundHandler()))),
	} {
		for range 2 { // not only the first request
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); w.Code != 500 {
				t.Errorf("%s: status %d, want 500", name, w.Code)
			}
		}
	}
	inner := newMiddleware(t, memory.New(nil), &sessions.Config{Transport: sessions.Cookie{Name: "inner"}})
	w := httptest.NewRecorder()
	outer.Handler(inner.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := outer.Load(r.Context())
		check(t, err)
		b, err := sessions.Load(r.Context())
		check(t, err)
		check(t, user.Set(a, "outer"))
		check(t, user.Set(b, "inner"))
		if again, err := outer.Load(r.Context()); again != a || err != nil {
			t.Errorf("Load again: got another session (%v)", err)
		}
	}))).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got := w.Result().Cookies(); len(got) != 2 {
		t.Errorf("cookies: got %v, want two", got)
	}
}
