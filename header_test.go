package sessions_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

func TestHeaderTransports(t *testing.T) {
	for _, tt := range []struct {
		transport    sessions.Transport
		name, scheme string
	}{
		{sessions.Bearer(), "Authorization", "Bearer "},
		{sessions.Header{Name: "x-session"}, "X-Session", ""},
		{sessions.Header{Name: "X-Session", Scheme: "Token"}, "X-Session", "Token "},
	} {
		h := serve(t, newMiddleware(t, memory.New(nil), &sessions.Config{Transport: tt.transport}), basics)
		ask := func(path string, lines ...string) *http.Response {
			r := httptest.NewRequest("GET", path, nil)
			r.Header[tt.name] = lines
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Result()
		}
		response := ask("/same")
		line := response.Header.Get(tt.name)
		if !strings.HasPrefix(line, tt.scheme) || len(line) != len(tt.scheme)+43 || response.Header.Get("Set-Cookie") != "" {
			t.Fatalf("%s: got %v", tt.name, response.Header)
		}
		if response.Header.Get("Vary") != tt.name || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %v", tt.name, response.Header)
		}
		token := strings.TrimPrefix(line, tt.scheme)
		for _, lines := range [][]string{
			{},
			{""},
			{line, line},
			{"", line},
			{line + "," + line},
			{line + " x"},
			{tt.scheme + " " + token},
			{"Basic " + token},
		} {
			if got := body(ask("/who", lines...)); got != "" {
				t.Errorf("%s: %q leads to %q", tt.name, lines, got)
			}
		}
		for _, good := range []string{line, strings.ToLower(tt.scheme) + token} {
			if got := body(ask("/who", good)); got != "ada" {
				t.Errorf("%s: got %q, want ada", tt.name, got)
			}
		}
		if got, ok := ask("/destroy", line).Header[tt.name]; !ok || got[0] != strings.TrimSpace(tt.scheme) {
			t.Errorf("%s: deletion: got %q", tt.name, got)
		}
	}
}

// TestE18_TwoAuthorizationLines: of two Authorization lines, some programs use the
// first and some the last. We treat them as an attack, even if one is empty: there is
// no session, the observer is told, and no other transport is asked.
func TestE18_TwoAuthorizationLines(t *testing.T) {
	tossed := 0
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{
		Transport: sessions.Chain(sessions.Bearer(), sessions.Cookie{}),
		Observe: func(_ context.Context, e sessions.Event) {
			if e.Kind == sessions.EventAmbiguous && errors.Is(e.Err, sessions.ErrAmbiguousToken) {
				tossed++
			}
		},
	})
	h := serve(t, mw, basics)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/same", nil))
	bearer := w.Header().Get("Authorization")
	token := strings.TrimPrefix(bearer, "Bearer ")
	for _, lines := range [][]string{
		{"", bearer}, {bearer, ""}, {bearer, bearer}, {"Basic eDp5", bearer}, {bearer, "Basic eDp5"},
		{bearer + "," + bearer}, {bearer + ", " + bearer}, {"Bearer " + bearer},
	} {
		tossed = 0
		r := httptest.NewRequest("GET", "/who", nil)
		r.Header["Authorization"] = lines
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Body.Len() != 0 || w.Header().Get("Authorization") != "" || tossed != 1 {
			t.Errorf("%.30q: got %q, tossed %d", lines, w.Body, tossed)
		}
		r.Header["Cookie"] = []string{"__Host-session=" + token}
		w = httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Body.Len() != 0 {
			t.Errorf("%.30q: the cookie was asked instead", lines)
		}
	}
}
