package sessions_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// frameworkWriter is the writer of a framework that has its own, such as gin's.
type frameworkWriter struct {
	http.ResponseWriter
	written bool
}

func (w *frameworkWriter) Write(b []byte) (int, error) {
	w.written = true
	return w.ResponseWriter.Write(b)
}

func (w *frameworkWriter) Written() bool { return w.written }

// TestBypassedResponse: if a handler writes past the middleware, the log says so, at
// most once a minute, and the observer learns of each. Nothing is saved, because the
// client could not learn of it. A request that owes the client nothing is not
// mentioned.
func TestBypassedResponse(t *testing.T) {
	type use = func(w http.ResponseWriter, r *http.Request, s *sessions.Session)
	set := func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, user.Set(s, "eve")) }
	for name, tt := range map[string]struct {
		use      use
		past     bool // it writes past the middleware
		bypassed bool
		want     string // what is stored afterwards
	}{
		"a change":           {set, true, true, "ada"},
		"a new ID":           {func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { check(t, s.RegenerateID()) }, true, true, "ada"},
		"an end":             {basics["/destroy"], true, true, ""},
		"a read":             {basics["/read"], true, false, "ada"},
		"a change undone":    {basics["/undo"], true, false, "ada"},
		"the usual writer":   {set, false, false, "eve"},
		"nothing is written": {set, false, false, "eve"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				var events []sessions.Event
				b := memory.New(nil)
				defer b.Close()
				mw, err := sessions.New(b, &sessions.Config{
					Logger:  slog.New(slog.NewTextHandler(&log, nil)),
					Observe: func(_ context.Context, e sessions.Event) { events = append(events, e) },
				})
				check(t, err)
				c := start(t, mw, nil)
				log.Reset()
				request := func() {
					w := httptest.NewRecorder()
					below := &frameworkWriter{ResponseWriter: w}
					mw.Handler(handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
						tt.use(w, r, s)
						switch {
						case tt.past:
							_, _ = below.Write([]byte("ok"))
						case name == "the usual writer":
							_, _ = w.Write([]byte("ok"))
						}
					})).ServeHTTP(wrapped{below}, c.request("/"))
					if got := w.Body.String(); got != "ok" && name != "nothing is written" {
						t.Errorf("the client got %q", got)
					}
				}
				lines := func(want int) {
					t.Helper()
					if got := strings.Count(log.String(), "level=ERROR"); tt.bypassed && got != want || !tt.bypassed && log.Len() > 0 {
						t.Errorf("got %d lines, want %d: %s", got, want, log.String())
					}
				}
				request()
				lines(1)
				if got := body(c.get("/who")); got != tt.want {
					t.Errorf("stored: got %q, want %q", got, tt.want)
				}
				told := 0
				for _, e := range events {
					if e.Kind == sessions.EventUnsaved && e.Err != nil && strings.Contains(e.Err.Error(), "docs/frameworks.md") {
						told++
					}
				}
				if told == 1 != tt.bypassed {
					t.Errorf("got %d events, bypassed %v", told, tt.bypassed)
				}
				if name != "an end" { // the session is new and unchanged the next time
					request()
					lines(1)
					time.Sleep(2 * time.Minute)
					request()
					lines(2)
				}
			})
		})
	}
}

// TestBypassedResponseClosesTheSession: after the handler has returned, the session
// refuses changes as after any other response.
func TestBypassedResponseClosesTheSession(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	var session *sessions.Session
	w := &frameworkWriter{ResponseWriter: httptest.NewRecorder()}
	mw.Handler(handler(t, func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
		session = s
		check(t, user.Set(s, "ada"))
		_, _ = w.Write([]byte("ok"))
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if err := user.Set(session, "eve"); err == nil {
		t.Error("a change after the response: no error")
	}
}
