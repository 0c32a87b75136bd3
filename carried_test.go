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
	"github.com/gosessions/sessions/backends/memory"
)

// TestCK2: whoever makes a transport of their own out of ours, with another domain
// for every tenant for instance, cannot send by it what New would refuse.
func TestCK2_OverridesAreChecked(t *testing.T) {
	expires := time.Now().Add(time.Hour)
	for name, transport := range map[string]sessions.Transport{
		"line break in the domain":   sessions.Cookie{Domain: "a.example\r\nSet-Cookie: x=y"},
		"attribute in the domain":    sessions.Cookie{Domain: "a.example; Path=/x"},
		"space in the domain":        sessions.Cookie{Domain: "a b"},
		"list in the domain":         sessions.Cookie{Domain: "a,b"},
		"line break in the path":     sessions.Cookie{Path: "/\n"},
		"attribute in the path":      sessions.Cookie{Path: "/; Domain=evil.example"},
		"prefix without its rules":   sessions.Cookie{Name: "__Host-x", Domain: "example.com"},
		"name that is none":          sessions.Cookie{Name: "a=b"},
		"SameSite=None, not Secure":  sessions.Cookie{SameSite: http.SameSiteNoneMode, Insecure: true},
		"SameSite of another kind":   sessions.Cookie{SameSite: 9},
		"line break in the header":   sessions.Header{Name: "X\r\nSet-Cookie: x=y"},
		"line break in the scheme":   sessions.Header{Scheme: "Bearer\r\nSet-Cookie: x=y"},
		"cookies by another way":     sessions.Header{Name: "Set-Cookie"},
		"in a chain":                 sessions.Chain(sessions.Cookie{Domain: ";"}),
		"in a chain, after another ": sessions.Chain(sessions.Chain(sessions.Header{Name: ":"})),
	} {
		h := http.Header{}
		if err := transport.Send(h, nil, "token", expires); err == nil || !strings.HasPrefix(err.Error(), "sessions: ") {
			t.Errorf("%s: Send: got %v", name, err)
		}
		transport.Clear(h, nil)
		if len(h) != 0 {
			t.Errorf("%s: got %v, want nothing", name, h)
		}
	}
	// The same for what a handler may set.
	in(newClient(t, nil), newMiddleware(t, memory.New(nil), nil), func(_ *http.Request, s *sessions.Session) {
		for _, d := range []time.Duration{0, -1, time.Millisecond, 401 * 24 * time.Hour, 1<<63 - 1} {
			if err := s.SetLifetime(d); err == nil {
				t.Errorf("SetLifetime(%v): no error", d)
			}
		}
	})
}

// TestCK5: TLS may end before us, and whoever asks may say anything about it: the
// cookie is Secure, unless the configuration says otherwise.
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

// maker is a stateless backend that makes tokens as it likes.
type maker struct {
	*countingStateless
	token string
}

func (m maker) Write(context.Context, string, sessions.Record) (string, error) { return m.token, nil }

// TestE15: net/http drops in silence what it cannot put into a cookie, and sends
// what browsers drop. Ours is either sent as it is or an error, before the first
// byte of the response.
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

	// What we write is what net/http reads and would write.
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

// TestE18: of two Authorization lines, one of them perhaps empty, some programs
// see the first and some the last. We see that somebody tries something: there is
// no session, the operator is told, and no other transport is asked.
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
