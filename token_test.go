package sessions_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// TestSeveralCookiesOfOneName: exactly one of them may be valid.
func TestSeveralCookiesOfOneName(t *testing.T) {
	backend := memory.New(nil)
	reads := 0
	counted := backends.Intercept(backend, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if op == backends.OpRead {
			reads++
		}
		return next(ctx)
	})
	var tossed int
	config := sessions.Config{Observe: func(_ context.Context, e sessions.Event) {
		if e.Kind == sessions.EventAmbiguous {
			tossed++
		}
	}}
	h := serve(t, newMiddleware(t, counted, &config), basics)
	a, b := newClient(t, h), newClient(t, h)
	a.get("/same")
	b.get("/other")
	valid, other := a.cookies["__Host-session"], b.cookies["__Host-session"]
	unknown := strings.Repeat("A", 43)
	for _, tt := range []struct {
		name   string
		tokens []string
		want   string
		reads  int
		tossed int
	}{
		{"one", []string{valid}, "ada", 1, 0},
		{"the same twice", []string{valid, valid}, "ada", 1, 0},
		{"junk first", []string{"junk", "", valid}, "ada", 1, 0},
		{"unknown first", []string{unknown, valid}, "ada", 2, 0},
		{"unknown last", []string{valid, unknown}, "ada", 2, 0},
		{"two valid", []string{valid, other}, "", 2, 1},
		{"beyond the reads", []string{unknown, unknown[:42] + "E", valid}, "", 2, 0},
		{"too many", []string{"1", "2", "3", "4", valid}, "", 0, 1},
	} {
		reads, tossed = 0, 0
		r := httptest.NewRequest("GET", "/who", nil)
		for _, token := range tt.tokens {
			r.Header.Add("Cookie", "x=y; __Host-session="+token)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Body.String(); got != tt.want || reads != tt.reads || tossed != tt.tossed {
			t.Errorf("%s: got %q after %d reads, tossed %d; want %q, %d, %d", tt.name, got, reads, tossed, tt.want, tt.reads, tt.tossed)
		}
		if got := w.Header().Get("Set-Cookie"); got != "" {
			t.Errorf("%s: Set-Cookie %q", tt.name, got)
		}
	}
}

// TestCK3_CookieHeaders are spellings that must not lead to our cookie, or must.
func TestCK3_CookieHeaders(t *testing.T) {
	h := serve(t, newMiddleware(t, memory.New(nil), nil), basics)
	c := newClient(t, h)
	c.get("/same")
	token := c.cookies["__Host-session"]
	for header, want := range map[string]string{
		"__Host-session=" + token:                                  "ada",
		"a=b;__Host-session=" + token + ";c=d":                     "ada",
		"a=b; \t__Host-session=" + token + " ; c":                  "ada",
		"__Host-session=\"" + token + "\"":                         "ada",
		"a=\"b; __Host-session=" + token + "; c=d\"":               "ada",
		"=__Host-session=" + token:                                 "",
		"\u2000__Host-session=" + token:                            "",
		"\u0085__Host-session=" + token:                            "",
		"\xa0__Host-session=" + token:                              "",
		"%5F%5FHost-session=" + token:                              "",
		"__host-session=" + token:                                  "",
		"$Version=1, __Host-session=" + token:                      "",
		"__Host-session =" + token:                                 "",
		"__Host-session":                                           "",
		"__Host-session=" + token + "=":                            "",
		"__Host-session=" + token[:42]:                             "",
		"__Host-session=" + token[:20] + "\n" + token[20:]:         "",
		"__Host-session=" + strings.Repeat("x", 1<<20):             "",
		strings.Repeat("__Host-session=x; ", 10_000):               "",
		strings.Repeat("a=b; ", 5_000) + "__Host-session=" + token: "ada",
	} {
		r := httptest.NewRequest("GET", "/who", nil)
		r.Header["Cookie"] = []string{header}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Body.String(); got != want {
			t.Errorf("%.60q: got %q, want %q", header, got, want)
		}
	}
}

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

// TestChain: a token goes back the way it came.
func TestChain(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{Transport: sessions.Chain(sessions.Bearer(), sessions.Cookie{})})
	h := serve(t, mw, basics)
	ask := func(path string, header http.Header) http.Header {
		r := httptest.NewRequest("GET", path, nil)
		r.Header = header
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Header()
	}
	first := ask("/same", http.Header{})
	if first.Get("Authorization") == "" || first.Get("Set-Cookie") != "" || first.Get("Vary") != "Authorization, Cookie" {
		t.Errorf("new: got %v", first)
	}
	token := strings.TrimPrefix(first.Get("Authorization"), "Bearer ")
	for _, name := range []string{"Authorization", "Cookie"} {
		value := map[string]string{"Authorization": "Bearer " + token, "Cookie": "__Host-session=" + token}[name]
		response := ask("/login", http.Header{name: {value}})
		bearer, isBearer := strings.CutPrefix(response.Get("Authorization"), "Bearer ")
		cookie, isCookie := strings.CutPrefix(response.Get("Set-Cookie"), "__Host-session=")
		if isBearer != (name == "Authorization") || isCookie != (name == "Cookie") {
			t.Errorf("came by %s: got %v", name, response)
		}
		token, _, _ = strings.Cut(bearer+cookie, ";")
	}
}

// TestID2_StoreHoldsNoToken: nothing that stands in the backend is a token, and
// what stands there is refused as one.
func TestID2_StoreHoldsNoToken(t *testing.T) {
	b := memory.New(nil)
	h := serve(t, newMiddleware(t, b, nil), basics)
	c := newClient(t, h)
	c.get("/same")
	check(t, backends.Walk(t.Context(), b, func(s backends.Entry) error {
		if strings.Contains(fmt.Sprint(s, string(s.Record.Data)), c.cookies["__Host-session"]) {
			t.Error("the token is in the store")
		}
		thief := newClient(t, h)
		thief.cookies["__Host-session"] = s.ID
		if got := body(thief.get("/who")); got != "" {
			t.Errorf("the stored ID leads to %q", got)
		}
		return nil
	}))
}

// TestPATH2_NamespacesAreApart: one backend, two cookies.
func TestPATH2_NamespacesAreApart(t *testing.T) {
	b := memory.New(nil)
	site := newClient(t, serve(t, newMiddleware(t, b, nil), basics))
	site.get("/same")
	admin := newClient(t, serve(t, newMiddleware(t, b, &sessions.Config{Transport: sessions.Cookie{Name: "__Host-admin"}}), basics))
	admin.cookies["__Host-admin"] = site.cookies["__Host-session"]
	if got := body(admin.get("/who")); got != "" {
		t.Errorf("the other site's token leads to %q", got)
	}
	pinned := newClient(t, serve(t, newMiddleware(t, b, &sessions.Config{Namespace: "session", Transport: sessions.Cookie{Name: "renamed"}}), basics))
	pinned.cookies["renamed"] = site.cookies["__Host-session"]
	if got := body(pinned.get("/who")); got != "ada" {
		t.Errorf("a renamed cookie with the old namespace leads to %q, want ada", got)
	}
}
