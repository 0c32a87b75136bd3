package sessions_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// TestErrorHandlerThatForgetsToAnswer: if the error handler writes nothing, no success
// is sent.
func TestErrorHandlerThatForgetsToAnswer(t *testing.T) {
	b, down := failing(memory.New(nil))
	for _, autoload := range []func(*http.Request) bool{nil, sessions.Always} {
		mw := newMiddleware(t, b, &sessions.Config{Autoload: autoload, ErrorHandler: func(http.ResponseWriter, *http.Request, error) {}})
		c := start(t, mw, nil)
		response := c.with(mw, t.Context(), handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			down.Store(true)
			check(t, user.Set(s, "eve"))
		}))
		if response.StatusCode != 503 {
			t.Errorf("status: got %d, want 503", response.StatusCode)
		}
		if autoload != nil {
			if response := c.get("/who"); response.StatusCode != 503 {
				t.Errorf("autoload: got %d, want 503", response.StatusCode)
			}
		}
		down.Store(false)
	}
}

// TestFailureKeepsCookiesFromOutside: if a commit fails, the cookies of outer handlers
// are sent, and those of the handler are not.
func TestFailureKeepsCookiesFromOutside(t *testing.T) {
	b, down := failing(memory.New(nil))
	mw := newMiddleware(t, b, nil)
	c := start(t, mw, nil)
	inner := mw.Handler(handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		check(t, user.Set(s, "eve"))
		w.Header().Del("Set-Cookie")
		http.SetCookie(w, &http.Cookie{Name: "inside", Value: "1"})
		down.Store(true)
	}))
	w := httptest.NewRecorder()
	http.SetCookie(w, &http.Cookie{Name: "outside", Value: "1"})
	inner.ServeHTTP(w, c.request("/"))
	if got := w.Header().Values("Set-Cookie"); w.Code != 503 || !slices.Equal(got, []string{"outside=1"}) {
		t.Errorf("got %d, %q", w.Code, got)
	}
}

// TestR9_HeadersOfARefusedResponse: the answer after a failed commit contains no header
// and no trailer that the handler set.
func TestR9_HeadersOfARefusedResponse(t *testing.T) {
	b, fail := failingSwaps()
	*fail = true
	mw := newMiddleware(t, b, nil)
	outer := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Frame-Options", "DENY")
			w.Header().Set("X-Request-Id", "outer")
			next.ServeHTTP(w, r)
		})
	}
	server := httptest.NewServer(outer(mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		check(t, err)
		check(t, s.Set("k", 1))
		h := w.Header()
		for _, name := range []string{"X-Accel-Redirect", "X-Sendfile", "Hx-Redirect", "Refresh", "X-Auth-Token", "Link", "Clear-Site-Data", "X-Any"} {
			h.Set(name, "SECRET")
		}
		h.Set("X-Request-Id", "inner")
		h.Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "SECRET")
		h.Set("X-Sum", "SECRET")
		h.Set(http.TrailerPrefix+"X-Late", "SECRET")
	}))))
	defer server.Close()
	response, err := http.Get(server.URL)
	check(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	check(t, err)
	if response.StatusCode != 503 || strings.Contains(string(text), "SECRET") {
		t.Errorf("got %d, %q", response.StatusCode, text)
	}
	for name, values := range response.Header {
		if strings.Contains(strings.Join(values, " "), "SECRET") {
			t.Errorf("%s of the handler is left", name)
		}
	}
	if len(response.Trailer) != 0 {
		t.Errorf("trailers: %v", response.Trailer)
	}
	if h := response.Header; h.Get("X-Frame-Options") != "DENY" || h.Get("X-Request-Id") != "outer" {
		t.Errorf("the outer handler's headers: %v", h)
	}
}

// TestR9_ErrorHandlerThatOnlyFlushes: an error handler that flushes before it
// answers sends no empty success.
func TestR9_ErrorHandlerThatOnlyFlushes(t *testing.T) {
	b, fail := failingSwaps()
	*fail = true
	mw := newMiddleware(t, b, &sessions.Config{ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
		_ = http.NewResponseController(w).Flush()
	}})
	server := httptest.NewServer(mw.Handler(handler(t, func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
		check(t, s.Set("k", 1))
	})))
	defer server.Close()
	response, err := http.Get(server.URL)
	check(t, err)
	response.Body.Close()
	if response.StatusCode != 503 {
		t.Errorf("got %d, want 503", response.StatusCode)
	}
}

// TestR9_E2_NothingGoesOutAfterAFailedCommit: after a failed commit nothing that the
// handler writes in any way is sent, and each write returns the reason.
func TestR9_E2_NothingGoesOutAfterAFailedCommit(t *testing.T) {
	const page = "SECRET PAGE"
	said := map[string]func(w http.ResponseWriter) error{
		"Write":       func(w http.ResponseWriter) error { return second(w.Write([]byte(page))) },
		"WriteString": func(w http.ResponseWriter) error { return second(io.WriteString(w, page)) },
		"ReadFrom": func(w http.ResponseWriter) error {
			return second(w.(io.ReaderFrom).ReadFrom(strings.NewReader(page)))
		},
		"Flush": func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
		"Hijack": func(w http.ResponseWriter) error {
			_, _, err := http.NewResponseController(w).Hijack()
			return err
		},
		"WriteHeader": func(w http.ResponseWriter) error {
			w.WriteHeader(http.StatusTeapot)
			return second(w.Write(nil))
		},
		"nothing": func(w http.ResponseWriter) error { return second(w.Write(nil)) },
	}
	refused := func(err error) error {
		if backend := new(sessions.BackendError); !errors.As(err, &backend) {
			return fmt.Errorf("got %v, want the backend's error", err)
		}
		return nil
	}
	for first, begin := range said {
		t.Run(first, func(t *testing.T) {
			b, down := failing(memory.New(nil))
			server := listen(t, b, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				check(t, user.Set(s, "ada"))
				down.Store(true)
				for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Length", "Content-Range", "Content-Disposition", "ETag", "Last-Modified", "Location"} {
					w.Header().Set(name, "7")
				}
				w.Header().Set("Cache-Control", "public, max-age=600")
				w.Header().Set("Content-Security-Policy", "default-src 'self'")
				http.SetCookie(w, &http.Cookie{Name: "other", Value: page})
				if first == "nothing" {
					return
				}
				check(t, refused(begin(w)))
				for name, say := range said {
					if err := refused(say(w)); err != nil {
						t.Errorf("%s afterwards: %v", name, err)
					}
				}
			})
			response := get(t, server.URL)
			got := body(response)
			h := response.Header
			if response.StatusCode != http.StatusServiceUnavailable || h.Get("Retry-After") == "" || strings.Contains(got, page) || got == "" {
				t.Errorf("got %d, %q, %v", response.StatusCode, got, h)
			}
			for _, name := range []string{"Content-Encoding", "Content-Range", "Content-Disposition", "ETag", "Last-Modified", "Location", "Set-Cookie", "Content-Security-Policy"} {
				if h[name] != nil {
					t.Errorf("%s of the handler is left: %q", name, h[name])
				}
			}
			if !strings.HasPrefix(h.Get("Content-Type"), "text/plain") || h.Get("Cache-Control") != "no-store" {
				t.Errorf("got %v", h)
			}
		})
	}
}
