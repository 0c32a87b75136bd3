package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// TestE17_R22_TimeoutHandler lets a timeout handler answer before the handler ends.
func TestE17_R22_TimeoutHandler(t *testing.T) {
	var kinds []sessions.EventKind
	b := memory.New(nil)
	mw := newMiddleware(t, b, &sessions.Config{Observe: func(_ context.Context, e sessions.Event) { kinds = append(kinds, e.Kind) }})
	finished := make(chan bool)
	c := start(t, mw, nil)
	kinds = nil
	inner := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		check(t, err)
		check(t, s.RegenerateID())
		check(t, user.Set(s, "eve"))
		<-r.Context().Done()
	}))
	h := http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(finished)
		inner.ServeHTTP(w, r)
	}), time.Millisecond, "too late")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, c.request("/"))
	<-finished
	if w.Code != 503 || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("status %d, Set-Cookie %q", w.Code, w.Header().Get("Set-Cookie"))
	}
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("the old token leads to %q, want ada", got)
	}
	if fmt.Sprint(kinds) != fmt.Sprint([]sessions.EventKind{sessions.EventLoaded, sessions.EventTimedOut, sessions.EventLoaded}) {
		t.Errorf("events: got %v", kinds)
	}
}

// TestE17_R22_TimeoutHandlerInside: a timeout handler between the middleware and the
// handler answers 503 through the middleware. Config.SaveOn decides whether the changes
// made before are saved, and later changes of the handler return errors.
func TestE17_R22_TimeoutHandlerInside(t *testing.T) {
	for want, saveOn := range map[string]func(int) bool{"eve": nil, "ada": belowServerErrors} {
		timeoutInside(t, saveOn, want)
	}
}

func timeoutInside(t *testing.T, saveOn func(int) bool, want string) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		answered, finished := make(chan bool), make(chan error)
		mw := newMiddleware(t, b, &sessions.Config{SaveOn: saveOn})
		c := start(t, mw, nil)
		old := c.cookies["__Host-session"]
		response := c.with(mw, t.Context(), http.TimeoutHandler(handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.RegenerateID())
			check(t, user.Set(s, "eve"))
			<-answered
			finished <- user.Set(s, "mallory")
		}), time.Second, "too late"))
		close(answered)
		if err := <-finished; !errors.Is(err, sessions.ErrCommitted) {
			t.Errorf("a change after the timeout: got %v, want ErrCommitted", err)
		}
		saved := want == "eve"
		if n := len(response.Cookies()); response.StatusCode != 503 || (n == 1) != saved || (c.cookies["__Host-session"] != old) != saved {
			t.Errorf("saved %v: status %d, %d cookies", saved, response.StatusCode, n)
		}
		if got := body(c.get("/who")); got != want {
			t.Errorf("stored: got %q, want %q", got, want)
		}
	})
}

// TestE17_R22_DeadlineIsNoSuccess: a deadline need not come from a timeout handler that
// discards the response. No success is sent for a session that was not saved.
func TestE17_R22_DeadlineIsNoSuccess(t *testing.T) {
	var kinds []sessions.EventKind
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{Observe: func(_ context.Context, e sessions.Event) { kinds = append(kinds, e.Kind) }})
	c := start(t, mw, nil)
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	kinds = nil
	response := c.with(mw, late, handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		check(t, user.Set(s, "eve"))
		if err := s.Save(r.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Save: got %v, want DeadlineExceeded", err)
		}
		_, _ = w.Write([]byte("saved"))
	}))
	if response.StatusCode != 503 || body(response) == "saved" {
		t.Errorf("status: got %d, want 503", response.StatusCode)
	}
	if !slices.Contains(kinds, sessions.EventTimedOut) || slices.Contains(kinds, sessions.EventSaved) {
		t.Errorf("events: got %v", kinds)
	}
	response = c.with(mw, late, handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		name, _ := user.Get(s)
		_, _ = w.Write([]byte(name))
	}))
	if got := body(response); response.StatusCode != 200 || got != "ada" || response.Header.Get("Vary") != "Cookie" {
		t.Errorf("a reader: got %d %q, Vary %q", response.StatusCode, got, response.Header.Get("Vary"))
	}
	if response = c.with(mw, late, handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		check(t, s.Destroy(r.Context()))
	})); len(c.cookies) != 0 {
		t.Errorf("a logout: got %d, cookies %v", response.StatusCode, c.cookies)
	}
}
