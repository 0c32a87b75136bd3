package sessions_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// TestCACHE2_CacheControlIsKeptWherePrivate: shared caches must not store a response
// that sets or deletes the token, whatever Cache-Control its handler sets. One that is
// private already stays as it is.
func TestCACHE2_CacheControlIsKeptWherePrivate(t *testing.T) {
	for given, want := range map[string]string{
		"":                     "no-store",
		"public, max-age=60":   "no-store",
		"private":              "private",
		"private, max-age=60":  "private, max-age=60",
		"private=\"X-Thing\"":  "no-store",
		"no-store, max-age=0":  "no-store, max-age=0",
		"max-age=60, s-maxage": "no-store",
	} {
		asks := func(f func(w http.ResponseWriter, r *http.Request, s *sessions.Session)) func(http.ResponseWriter, *http.Request, *sessions.Session) {
			return func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				w.Header().Set("Cache-Control", given)
				w.Header().Set("CDN-Cache-Control", "max-age=60")
				w.Header().Set("Surrogate-Control", "max-age=60")
				f(w, r, s)
			}
		}
		c := newClient(t, serve(t, newMiddleware(t, memory.New(nil), nil), routes{
			"/set":    asks(basics["/same"]),
			"/rotate": asks(basics["/login"]),
			"/delete": asks(basics["/destroy"]),
		}))
		for _, path := range []string{"/set", "/rotate", "/delete"} {
			h := c.get(path).Header
			if got := h.Get("Cache-Control"); got != want || h.Get("Set-Cookie") == "" {
				t.Errorf("%s, %q: got %q, want %q", path, given, got, want)
			}
			if h.Get("CDN-Cache-Control") != "" || h.Get("Surrogate-Control") != "" {
				t.Errorf("%s, %q: what caches at the edge obey is left: %v", path, given, h)
			}
		}
	}
}

func TestCACHE1_VaryIsMerged(t *testing.T) {
	for given, want := range map[string]string{"": "Cookie", "Accept-Encoding": "Accept-Encoding, Cookie", "cookie": "cookie", "*": "*, Cookie", "Accept, COOKIE": "Accept, COOKIE"} {
		c := newClient(t, serve(t, newMiddleware(t, memory.New(nil), nil), routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			if given != "" {
				w.Header().Set("Vary", given)
			}
		}}))
		if got := strings.Join(c.get("/").Header.Values("Vary"), "|"); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}

func TestOneSetCookieOfOurName(t *testing.T) {
	c := newClient(t, serve(t, newMiddleware(t, memory.New(nil), nil), routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		http.SetCookie(w, &http.Cookie{Name: "__Host-session", Value: "planted"})
		http.SetCookie(w, &http.Cookie{Name: "__Host-sessions", Value: "other"})
		check(t, user.Set(s, "ada"))
	}}))
	lines := c.get("/").Header.Values("Set-Cookie")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "__Host-sessions=other") || strings.Contains(lines[1], "planted") {
		t.Errorf("Set-Cookie: got %q", lines)
	}
}
