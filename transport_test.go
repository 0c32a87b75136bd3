package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// TestChain: a token is sent back by the transport that brought it.
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

// TestCK2_OverridesAreChecked: a transport that wraps one of this package, for instance
// with another domain for each tenant, cannot send what New would refuse.
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
		"invalid name":               sessions.Cookie{Name: "a=b"},
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
	// The same holds for what a handler may set.
	in(newClient(t, nil), newMiddleware(t, memory.New(nil), nil), func(_ *http.Request, s *sessions.Session) {
		for _, d := range []time.Duration{0, -1, time.Millisecond, 401 * 24 * time.Hour, 1<<63 - 1} {
			if err := s.SetLifetime(d); err == nil {
				t.Errorf("SetLifetime(%v): no error", d)
			}
		}
	})
}

// carrier is a transport with the behavior that a test wants.
type carrier struct {
	tokens []string
	err    error
}

func (c carrier) Tokens([]string, *http.Request) ([]string, error)                     { return c.tokens, c.err }
func (c carrier) Send(h http.Header, _ *http.Request, token string, _ time.Time) error { return c.err }
func (c carrier) Clear(http.Header, *http.Request)                                     {}
func (c carrier) Vary() string                                                         { return "" }

func TestOddTransports(t *testing.T) {
	for name, transport := range map[string]sessions.Transport{
		"nil in a chain": sessions.Chain(sessions.Bearer(), nil),
		"empty chain":    sessions.Chain(),
		"nested nothing": sessions.Chain(sessions.Chain(), sessions.Chain()),
	} {
		if _, err := sessions.New(memory.New(nil), &sessions.Config{Transport: transport}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	empty := sessions.Chain()
	if err := empty.Send(http.Header{}, nil, "x", time.Time{}); err == nil || empty.Vary() != "" {
		t.Errorf("an empty chain: %v", err)
	}
	empty.Clear(nil, nil)

	reads := 0
	b := backends.Intercept(memory.New(nil), func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if op == backends.OpRead {
			reads++
		}
		return next(ctx)
	})
	many := make([]string, 1000)
	for i := range many {
		many[i] = fmt.Sprintf("%040d", i) + "AAA"
	}
	w := httptest.NewRecorder()
	serve(t, newMiddleware(t, b, &sessions.Config{Transport: carrier{tokens: many}}), basics).ServeHTTP(w, httptest.NewRequest("GET", "/same", nil))
	if _, vary := w.Header()["Vary"]; reads > 2 || w.Code != 200 || vary {
		t.Errorf("1000 tokens: %d reads, status %d, header %v", reads, w.Code, w.Header())
	}
	w = httptest.NewRecorder()
	serve(t, newMiddleware(t, b, &sessions.Config{Transport: carrier{err: errors.New("odd")}}), basics).ServeHTTP(w, httptest.NewRequest("GET", "/same", nil))
	if w.Code != 500 {
		t.Errorf("a token that cannot be sent: status %d, want 500", w.Code)
	}
}
