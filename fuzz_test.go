package sessions_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// FuzzS1_CookieHeader sends arbitrary Cookie and Authorization headers: only a request
// with ada's token in a cookie of the right name gets her session.
func FuzzS1_CookieHeader(f *testing.F) {
	mw := newMiddleware(f, memory.New(nil), &sessions.Config{Transport: sessions.Chain(sessions.Bearer(), sessions.Cookie{})})
	h := serve(f, mw, basics)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/same", nil))
	token := strings.TrimPrefix(w.Header().Get("Authorization"), "Bearer ")
	for _, seed := range []string{
		"", "=", ";", "__Host-session=TOKEN", "__Host-session=\"TOKEN\"", "a=b; __Host-session=TOKEN;", "__Host-session=TOKEN=",
		"__Host-session =TOKEN", "\u2000__Host-session=TOKEN", "__host-session=TOKEN", "x=\"; __Host-session=TOKEN; y=\"",
		"__Host-session=TOKE; __Host-session=TOKEN", "Bearer TOKEN", "bearer  TOKEN", "Bearer TOKEN,TOKEN",
	} {
		f.Add(seed, "")
		f.Add("", seed)
	}
	f.Fuzz(func(t *testing.T, cookie, authorization string) {
		cookie, authorization = strings.ReplaceAll(cookie, "TOKEN", token), strings.ReplaceAll(authorization, "TOKEN", token)
		r := httptest.NewRequest("GET", "/who", nil)
		r.Header = http.Header{}
		if cookie != "" {
			r.Header["Cookie"] = []string{cookie}
		}
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 || w.Header().Get("Set-Cookie") != "" {
			t.Fatalf("status %d, Set-Cookie %q", w.Code, w.Header().Get("Set-Cookie"))
		}
		sent := strings.Contains(cookie, "__Host-session="+token) || strings.Contains(cookie, "__Host-session=\""+token+"\"") ||
			strings.EqualFold(authorization, "bearer "+token)
		if w.Body.Len() > 0 && !sent {
			t.Fatalf("got %q without sending the token", w.Body)
		}
	})
}
