package sessions_test

import (
	"bytes"
	"context"
	"errors"
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

// logged is a logger and what it has written.
func logged() (*slog.Logger, *bytes.Buffer) {
	var text bytes.Buffer
	return slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelInfo})), &text
}

// remote is a backend with four methods, which the middleware takes for one on another
// machine.
type remote struct{ sessions.Backend }

// TestFailuresAreLogged: without an observer, and whether or not the handler answers itself, the log
// says why it got a 500 or 503, and nothing of what the application's errors contain.
func TestFailuresAreLogged(t *testing.T) {
	logger, log := logged()
	b, down := failing(memory.New(nil))
	mw, err := sessions.New(b, &sessions.Config{Logger: logger, MaxSize: 500, DisableBreaker: true})
	check(t, err)
	c := start(t, mw, nil)
	for _, test := range []struct {
		name string
		f    func(w http.ResponseWriter, r *http.Request, s *sessions.Session)
		want string // "": nothing
	}{
		{"a good request", func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { check(t, s.Set("k", 1)) }, ""},
		{"a failed commit", func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
			check(t, s.Set("k", 2))
			down.Store(true)
		}, `status=503 error="sessions: `},
		{"a session that is too large", func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
			check(t, s.Set("k", strings.Repeat("x", 600)))
		}, `status=500 error="sessions: the session is too large`},
		{"an error that the handler passes on", func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			sessions.Error(w, r, s.Set("k", func() {}))
		}, `status=500 error="sessions: set: serializer: `},
		{"an error of the application", func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			sessions.Error(w, r, errors.New("5ecret"))
		}, "an error of the application, of type *errors.errorString"},
		{"a conflict", func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			sessions.Error(w, r, sessions.ErrConflict)
		}, ""},
	} {
		log.Reset()
		c.with(mw, t.Context(), handler(t, test.f))
		down.Store(false)
		got := log.String()
		if !strings.Contains(got, test.want) || (test.want == "") != (got == "") || strings.Count(got, "\n") > 1 || strings.Contains(got, "5ecret") {
			t.Errorf("%s: the log says %q, want a line with %q", test.name, got, test.want)
		}
	}
}

// TestFailuresWithoutAMiddleware: Error without a middleware says so in the default log.
func TestFailuresWithoutAMiddleware(t *testing.T) {
	logger, log := logged()
	before := slog.Default()
	slog.SetDefault(logger)
	defer slog.SetDefault(before)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	_, err := sessions.Load(r.Context())
	for range 3 {
		w := httptest.NewRecorder()
		sessions.Error(w, r, err)
		if w.Code != http.StatusInternalServerError {
			t.Errorf("status: got %d, want 500", w.Code)
		}
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "wrap the handler with Middleware.Handler") {
		t.Errorf("got %q, want one line that names the remedy", got)
	}
}

// TestOutageInTheLog: an outage writes a few lines and not one for each request, says when the backend
// is given up and when it is back, and tells the observer.
func TestOutageInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, log := logged()
		store := memory.New(nil)
		defer store.Close()
		b, down := failing(store)
		var breaker []error
		events := sessions.LogEvents(logger)
		mw, err := sessions.New(remote{b}, &sessions.Config{Logger: logger, Observe: func(ctx context.Context, e sessions.Event) {
			if e.Kind == sessions.EventBreaker {
				breaker = append(breaker, e.Err)
			}
			events(ctx, e)
		}})
		check(t, err)
		c := start(t, mw, nil)
		log.Reset()
		down.Store(true)
		for range 3000 {
			c.get("/who")
			time.Sleep(10 * time.Millisecond)
		}
		down.Store(false)
		time.Sleep(time.Second)
		if got := body(c.get("/who")); got != "ada" {
			t.Fatalf("after the outage: got %q, want ada", got)
		}
		text := log.String()
		if n := strings.Count(text, "\n"); n > 20 {
			t.Errorf("30 s of outage wrote %d lines, want 20 at most:\n%s", n, text)
		}
		for _, want := range []string{"the backend is down", "the backend is back", "operation=read", "omitted="} {
			if !strings.Contains(text, want) {
				t.Errorf("the log does not say %q:\n%s", want, text)
			}
		}
		if len(breaker) != 2 || !errors.Is(breaker[0], sessions.ErrUnavailable) || breaker[1] != nil {
			t.Errorf("the breaker's events: got %v, want ErrUnavailable and nil", breaker)
		}
	})
}

// TestLogEventsKeepsReasonsApart: a failure of one kind does not keep another kind out of
// the log.
func TestLogEventsKeepsReasonsApart(t *testing.T) {
	logger, log := logged()
	observe := sessions.LogEvents(logger)
	for range 2 {
		for _, err := range []error{sessions.ErrTooLarge, sessions.ErrUnknownOutcome, nil} {
			observe(t.Context(), sessions.Event{Kind: sessions.EventFailed, Err: err})
		}
	}
	if got := strings.Count(log.String(), "\n"); got != 3 {
		t.Errorf("got %d lines, want one for each reason:\n%s", got, log)
	}
}
