package sessions_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

func TestNameOfTheCookie(t *testing.T) {
	for _, tt := range []struct {
		cookie sessions.Cookie
		want   string
	}{
		{sessions.Cookie{}, "__Host-session"},
		{sessions.Cookie{Domain: "example.com"}, "session"},
		{sessions.Cookie{Path: "/app"}, "session"},
		{sessions.Cookie{Insecure: true}, "session"},
		{sessions.Cookie{Name: "__Secure-x", Domain: "example.com"}, "__Secure-x"},
		{sessions.Cookie{Name: "__Host-Http-x"}, "__Host-Http-x"},
	} {
		c := newClient(t, serve(t, newMiddleware(t, memory.New(nil), &sessions.Config{Transport: tt.cookie}), basics))
		c.get("/same")
		if _, ok := c.cookies[tt.want]; !ok || len(c.cookies) != 1 {
			t.Errorf("%+v: got %v, want %s", tt.cookie, c.cookies, tt.want)
		}
	}
}

// TestCK4_DeletionRepeatsTheAttributes compares the line that sets a cookie with the
// one that deletes it.
func TestCK4_DeletionRepeatsTheAttributes(t *testing.T) {
	for _, cookie := range []sessions.Cookie{
		{},
		{Name: "s", Domain: "example.com", Path: "/app", SameSite: http.SameSiteStrictMode},
		{Name: "s", SameSite: http.SameSiteNoneMode, Partitioned: true, ScriptReadable: true},
		{Name: "s", Insecure: true},
	} {
		c := newClient(t, serve(t, newMiddleware(t, memory.New(nil), &sessions.Config{Transport: cookie}), basics))
		set := c.get("/same").Cookies()[0]
		deleted := c.get("/destroy").Cookies()[0]
		if set.MaxAge != 14*24*60*60 || deleted.MaxAge >= 0 || deleted.Value != "" {
			t.Errorf("Max-Age %d, then %d with value %q", set.MaxAge, deleted.MaxAge, deleted.Value)
		}
		for _, c := range []*http.Cookie{set, deleted} {
			c.Value, c.MaxAge, c.Expires, c.RawExpires, c.Raw = "", 0, time.Time{}, "", ""
		}
		if set.String() != deleted.String() {
			t.Errorf("set %q, deleted %q", set, deleted)
		}
	}
}

// TestSeveralCookiesOfOneName: of several cookies of one name, exactly one may be
// valid.
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

// TestCK3_CookieHeaders has spellings of the Cookie header that must lead to our
// cookie, and others that must not.
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

// TestCK5_SecureDoesNotDependOnTheRequest: whatever a request says about TLS, which a
// proxy may terminate, the cookie is Secure unless the configuration says otherwise.
func TestCK5_SecureDoesNotDependOnTheRequest(t *testing.T) {
	for name, header := range map[string]http.Header{
		"nothing":           {},
		"X-Forwarded-Proto": {"X-Forwarded-Proto": {"http"}},
		"Forwarded":         {"Forwarded": {"proto=http;by=proxy"}},
		"X-Forwarded-Ssl":   {"X-Forwarded-Ssl": {"off"}, "Front-End-Https": {"off"}},
		"claims to be TLS":  {"X-Forwarded-Proto": {"https"}},
	} {
		for _, insecure := range []bool{false, true} {
			h := serve(t, newMiddleware(t, memory.New(nil), &sessions.Config{Transport: sessions.Cookie{Insecure: insecure}}), basics)
			for _, server := range []*httptest.Server{serveHTTP1(t, h), serveHTTP2(t, h)} {
				var token []*http.Cookie
				for _, path := range []string{"/same", "/login", "/destroy"} {
					request, err := http.NewRequest("GET", server.URL+path, nil)
					check(t, err)
					request.Header = header.Clone()
					for _, c := range token {
						request.AddCookie(c)
					}
					response, err := server.Client().Do(request)
					if err != nil {
						t.Fatal(err)
					}
					_ = response.Body.Close()
					if token = response.Cookies(); len(token) != 1 || token[0].Secure == insecure {
						t.Errorf("%s, %s%s: Insecure %v, got %v", name, server.URL, path, insecure, token)
					}
				}
			}
		}
	}
}

// maker is a stateless backend that makes the tokens that a test wants.
type maker struct {
	*countingStateless
	token string
}

func (m maker) Write(context.Context, string, sessions.Record) (string, error) { return m.token, nil }

// TestE15_NoCookieIsDropped: net/http silently drops what it cannot put into a
// cookie, and sends cookies that browsers drop. Our cookie is either sent as it is, or
// there is an error before the first byte of the response.
func TestE15_NoCookieIsDropped(t *testing.T) {
	longest := strings.Repeat("x", 4096-len("__Host-session"))
	send := func(token string, transport sessions.Transport) (*http.Response, error) {
		var told error
		config := &sessions.Config{Transport: transport, ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			told = err
			sessions.Error(w, r, err)
		}}
		c := newClient(t, serve(t, newMiddleware(t, maker{&countingStateless{}, token}, config), basics))
		return c.get("/same"), told
	}
	for _, token := range []string{"a\"b", "a b", "a,b", "a;b", "a\\b", "a\nb", "a\x00b", "a\x7fb", "\u00e9", longest + "x"} {
		response, err := send(token, sessions.Cookie{})
		if response.StatusCode != 500 || err == nil || len(response.Header["Set-Cookie"]) != 0 || strings.Contains(err.Error(), token) {
			t.Errorf("%.20q: status %d, %v, Set-Cookie %.50q", token, response.StatusCode, err, response.Header["Set-Cookie"])
		}
		if errors.Is(err, sessions.ErrTooLarge) != (len(token) > 100) {
			t.Errorf("%.20q: got %v", token, err)
		}
		if response, err := send(token, sessions.Bearer()); len(token) < 100 && (response.StatusCode != 500 || err == nil || response.Header["Authorization"] != nil) {
			t.Errorf("%q in a header: status %d, %v", token, response.StatusCode, err)
		}
	}
	for _, token := range []string{"a", "a=b", longest, "!#$%&'()*+-./:<=>?@[]^_`{|}~"} {
		response, err := send(token, sessions.Cookie{})
		if got := response.Cookies(); err != nil || len(got) != 1 || got[0].Value != token {
			t.Errorf("%.30q: %v, got %.100v", token, err, got)
		}
	}

	// net/http reads what we write, and would write the same.
	for _, cookie := range []sessions.Cookie{
		{},
		{Name: "__Secure-s", Domain: "example.com", Path: "/app", SameSite: http.SameSiteStrictMode},
		{Name: "__Http-s", SameSite: http.SameSiteNoneMode, Partitioned: true},
		{Name: "s", Insecure: true, ScriptReadable: true},
	} {
		h := http.Header{}
		check(t, cookie.Send(h, nil, "token", time.Now().Add(400*24*time.Hour)))
		ours, err := http.ParseSetCookie(h.Get("Set-Cookie"))
		check(t, err)
		if err := ours.Valid(); err != nil || len(ours.Unparsed) != 0 {
			t.Errorf("%q: %v, not understood: %q", ours.Raw, err, ours.Unparsed)
		}
		theirs, err := http.ParseSetCookie(ours.String())
		check(t, err)
		ours.Raw, theirs.Raw = "", ""
		if got, want := ours.String(), theirs.String(); got != want || ours.MaxAge != 400*24*60*60 || ours.Domain != cookie.Domain {
			t.Errorf("got %q, net/http would write %q", got, want)
		}
	}
}
