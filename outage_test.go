package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// TestR9, E2: when a commit fails, nothing that the handler says leaves the
// process, whichever way it says it, and each attempt is told the reason.
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

// TestR17: what a handler stored before it answered with an error of its own is
// stored, unless it says otherwise.
func TestR17_ServerErrorsCommit(t *testing.T) {
	c := start(t, newMiddleware(t, memory.New(nil), nil), routes{
		"/fails": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, user.Set(s, "eve"))
			http.Error(w, "oops", http.StatusInternalServerError)
		},
		"/discards": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, user.Set(s, "mallory"))
			s.Discard()
			http.Error(w, "oops", http.StatusBadGateway)
		},
	})
	for path, want := range map[string]int{"/fails": 500, "/discards": 502} {
		if response := c.get(path); response.StatusCode != want || body(response) != "oops\n" {
			t.Errorf("%s: status %d", path, response.StatusCode)
		}
	}
	if got := body(c.get("/who")); got != "eve" {
		t.Errorf("stored: got %q, want eve", got)
	}
}

// TestR15, E19: a record that cannot be read is no empty session. The visitor gets
// a new one under a new ID, the record stays as it is, and the operator is told.
func TestR15_E19_UnreadableRecordsAreLeftAlone(t *testing.T) {
	for name, spoil := range map[string]func(data []byte) []byte{
		"cut off":         func(data []byte) []byte { return data[:len(data)-3] },
		"another format":  func([]byte) []byte { return []byte(`{"user":"ada"}`) },
		"junk":            func([]byte) []byte { return []byte{0xff, 0, 0xff} },
		"more at the end": func(data []byte) []byte { return append(slices.Clone(data), 1, 2, 3) },
	} {
		for _, path := range []string{"/other", "/login", "/destroy", "/read"} {
			var kinds []sessions.EventKind
			m := memory.New(nil)
			mw := newMiddleware(t, m, &sessions.Config{Observe: func(_ context.Context, e sessions.Event) { kinds = append(kinds, e.Kind) }})
			c := start(t, mw, nil)
			token := c.cookies["__Host-session"]
			var spoilt backends.Entry
			check(t, m.Walk(t.Context(), func(s backends.Entry) error { spoilt = s; return nil }))
			spoilt.Record.Data = spoil(spoilt.Record.Data)
			check(t, second(m.Write(t.Context(), spoilt.ID, spoilt.Record)))
			kinds = nil

			response := c.get(path)
			if got := c.cookies["__Host-session"]; response.StatusCode != 200 || got == token && path != "/read" {
				t.Errorf("%s, %s: status %d, the token is the same: %v", name, path, response.StatusCode, got == token)
			}
			if path == "/read" && len(response.Cookies()) != 0 {
				t.Errorf("%s, %s: cookies %v", name, path, response.Cookies())
			}
			if !slices.Contains(kinds, sessions.EventCorrupt) {
				t.Errorf("%s, %s: the operator was told %v", name, path, kinds)
			}
			left, err := m.Read(t.Context(), spoilt.ID)
			if string(left.Data) != string(spoilt.Record.Data) || err != nil {
				t.Errorf("%s, %s: the record was changed (%v)", name, path, err)
			}
		}
	}
}

// TestR15: a record that a newer release wrote is a 503 until the deployment is
// through: neither a new session, nor a deleted cookie.
func TestR15_NewerRecordsAreKept(t *testing.T) {
	m := memory.New(nil)
	c := start(t, newMiddleware(t, m, nil), nil)
	var stored backends.Entry
	check(t, m.Walk(t.Context(), func(s backends.Entry) error { stored = s; return nil }))
	ours := stored.Record
	stored.Record.Data = slices.Clone(ours.Data)
	stored.Record.Data[0]++
	check(t, second(m.Write(t.Context(), stored.ID, stored.Record)))
	for _, path := range []string{"/who", "/other", "/login", "/destroy"} {
		if response := c.get(path); response.StatusCode != http.StatusServiceUnavailable || len(response.Cookies()) != 0 {
			t.Errorf("%s: got %d, cookies %v", path, response.StatusCode, response.Cookies())
		}
	}
	left, err := m.Read(t.Context(), stored.ID)
	if string(left.Data) != string(stored.Record.Data) || err != nil {
		t.Errorf("the record was changed (%v)", err)
	}
	check(t, second(m.Write(t.Context(), stored.ID, ours)))
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("after the deployment: got %q, want ada", got)
	}
}
