package sessions_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// TestR10_NoChangeAfterTheCommit: after the response has begun, every method that
// changes the session returns ErrCommitted and changes nothing.
func TestR10_NoChangeAfterTheCommit(t *testing.T) {
	change := map[string]func(s *sessions.Session) error{
		"Set":           func(s *sessions.Session) error { return user.Set(s, "eve") },
		"Delete":        func(s *sessions.Session) error { return s.Delete("user") },
		"Clear":         func(s *sessions.Session) error { return s.Clear() },
		"Update":        func(s *sessions.Session) error { return second(visits.Update(s, one)) },
		"Key.Take":      func(s *sessions.Session) error { return second(user.Take(s)) },
		"Take":          func(s *sessions.Session) error { return second(s.Take("user")) },
		"Flash":         func(s *sessions.Session) error { return s.Flash("", "more") },
		"Flashes":       func(s *sessions.Session) error { return second(s.Flashes()) },
		"RegenerateID":  func(s *sessions.Session) error { return s.RegenerateID() },
		"SetPersistent": func(s *sessions.Session) error { return s.SetPersistent(true) },
		"SetLifetime":   func(s *sessions.Session) error { return s.SetLifetime(time.Hour) },
		"SetSubject":    func(s *sessions.Session) error { return s.SetSubject("eve") },
	}
	for name, b := range map[string]sessions.Backend{"memory": memory.New(nil), "cookie": cookie.New(cookie.Encrypted(secret))} {
		mw := newMiddleware(t, b, &sessions.Config{BrowserSession: true})
		c := start(t, mw, routes{
			"/flash": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.Flash("", "one")) },
			"/late": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				_, _ = w.Write([]byte("first byte"))
				for what, f := range change {
					if err := f(s); !errors.Is(err, sessions.ErrCommitted) {
						t.Errorf("%s, %s: got %v, want ErrCommitted", name, what, err)
					}
				}
				check(t, s.Save(r.Context())) // there is nothing to save
				if s.Changed() {
					t.Errorf("%s: the session counts as changed", name)
				}
				if v, err := user.Get(s); v != "ada" || err != nil {
					t.Errorf("%s: what was committed reads as %q, %v", name, v, err)
				}
			},
		})
		c.get("/flash")
		c.get("/late")
		in(c, mw, func(r *http.Request, s *sessions.Session) {
			shown, err := s.Flashes()
			if v, _ := user.Get(s); v != "ada" || len(shown) != 1 || err != nil || s.Len() != 1 {
				t.Errorf("%s: stored: %v, %d messages, %v", name, s.Keys(), len(shown), err)
			}
		})
	}
}

func one(n int) (int, error) { return n + 1, nil }

func second[A any](_ A, err error) error { return err }

// TestR19_AStreamHoldsNothing: a stream commits with its first flush. After that it
// holds no lock and does not use the backend, other requests of the session continue,
// and the stream can read and change the session with Transact.
func TestR19_AStreamHoldsNothing(t *testing.T) {
	var busy atomic.Int32 // number of operations under way
	b := backends.Intercept(memory.New(nil), func(ctx context.Context, _ backends.Op, next func(context.Context) error) error {
		busy.Add(1)
		defer busy.Add(-1)
		return next(ctx)
	})
	goOn := make(chan bool)
	c := start(t, newMiddleware(t, b, nil), routes{
		"/count": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, second(visits.Update(s, one)))
		},
		"/events": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, second(visits.Update(s, one)))
			fmt.Fprintln(w, "open")
			check(t, http.NewResponseController(w).Flush())
			<-goOn
			check(t, s.Transact(r.Context(), func(s *sessions.Session) error { return second(visits.Update(s, one)) }))
			n, err := visits.Get(s)
			check(t, err)
			fmt.Fprintln(w, n)
			check(t, http.NewResponseController(w).Flush())
			<-goOn
			check(t, s.Destroy(r.Context()))
			if err := s.Transact(r.Context(), func(*sessions.Session) error { return nil }); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("Transact of an ended session: got %v, want ErrUnsupported", err)
			}
		},
	})
	server := httptest.NewServer(c.handler)
	defer server.Close()
	request, err := http.NewRequest("GET", server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = c.request("/").Header
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	within(t, func() {
		if lines.Scan(); lines.Text() != "open" {
			t.Errorf("the stream began with %q", lines.Text())
		}
		together(20, func(int) {
			w := httptest.NewRecorder()
			if c.handler.ServeHTTP(w, c.request("/count")); w.Code != 200 {
				t.Errorf("beside the stream: status %d", w.Code)
			}
		})
		if n := busy.Load(); n != 0 {
			t.Errorf("%d operations of the backend are under way in an idle stream", n)
		}
		goOn <- true
		if lines.Scan(); lines.Text() != "22" {
			t.Errorf("the stream saw %q visits, want 22", lines.Text())
		}
		goOn <- true
		if lines.Scan() {
			t.Errorf("the stream went on: %q", lines.Text())
		}
	})
	if got := body(c.get("/who")); got != "" {
		t.Errorf("after a logout within a stream: got %q", got)
	}
}

// TestR19_NoTokenAfterTheFirstByte: if a stream that has begun would need a new token,
// Transact returns an error.
func TestR19_NoTokenAfterTheFirstByte(t *testing.T) {
	for name, b := range map[string]sessions.Backend{"memory": memory.New(nil), "cookie": cookie.New(cookie.Encrypted(secret))} {
		visit := func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, http.NewResponseController(w).Flush())
			for what, err := range map[string]error{
				"Set":      user.Set(s, "ada"),
				"Transact": s.Transact(r.Context(), func(s *sessions.Session) error { return user.Set(s, "ada") }),
			} {
				if !errors.Is(err, sessions.ErrCommitted) && !errors.Is(err, errors.ErrUnsupported) {
					t.Errorf("%s, %s: got %v", name, what, err)
				}
			}
		}
		c := newClient(t, serve(t, newMiddleware(t, b, nil), routes{"/": visit}))
		if response := c.get("/"); response.StatusCode != 200 || len(response.Cookies()) != 0 {
			t.Errorf("%s: got %d, cookies %v", name, response.StatusCode, response.Cookies())
		}
	}
}
