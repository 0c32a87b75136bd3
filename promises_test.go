package sessions_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// failingSwaps returns a backend whose commits fail once it is switched on.
func failingSwaps() (b sessions.Backend, fail *bool) {
	fail = new(bool)
	return backends.Intercept(memory.New(nil), func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if *fail && op == backends.OpSwap {
			return errors.New("down")
		}
		return next(ctx)
	}), fail
}

// TestR9_HeadersOfARefusedResponse: an answer after a failed commit carries
// nothing that the handler set, whatever it is called, and no trailers.
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

// TestObserverMayUseTheSession: the observer is told when no lock is held, so it
// may load the session and read it.
func TestObserverMayUseTheSession(t *testing.T) {
	var seen []sessions.EventKind
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{Observe: func(ctx context.Context, e sessions.Event) {
		seen = append(seen, e.Kind)
		if s, err := sessions.Load(ctx); err == nil {
			_, _ = s.Get("k")
			check(t, s.Save(ctx))
		}
	}})
	c := start(t, mw, nil)
	done := make(chan bool)
	go func() {
		defer close(done)
		in(c, mw, func(_ *http.Request, s *sessions.Session) { check(t, s.Set("k", 1)) })
		in(c, mw, func(r *http.Request, s *sessions.Session) { check(t, s.Destroy(r.Context())) })
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the request hangs")
	}
	if len(seen) < 3 {
		t.Errorf("the observer saw %q", seen)
	}
}

// TestUpdateThatSaves: a function given to Update that calls Save, Destroy,
// Transact or Discard while it runs again gets an error, and nothing hangs.
func TestUpdateThatSaves(t *testing.T) {
	for name, misuse := range map[string]func(*http.Request, *sessions.Session) error{
		"Save":    func(r *http.Request, s *sessions.Session) error { return s.Save(r.Context()) },
		"Destroy": func(r *http.Request, s *sessions.Session) error { return s.Destroy(r.Context()) },
		"Transact": func(r *http.Request, s *sessions.Session) error {
			return s.Transact(r.Context(), func(*sessions.Session) error { return nil })
		},
		"Discard": func(_ *http.Request, s *sessions.Session) error { s.Discard(); return nil },
	} {
		synctest.Test(t, func(t *testing.T) {
			mw := newMiddleware(t, memory.New(nil), nil)
			var c *client
			runs := 0
			c = start(t, mw, routes{
				"/ten": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { check(t, visits.Set(s, 10)) },
				"/": func(_ http.ResponseWriter, r *http.Request, s *sessions.Session) {
					_, err := visits.Update(s, func(n int) (int, error) {
						runs++
						if runs == 1 {
							return n + 1, nil
						}
						return n + 1, misuse(r, s) // within the commit
					})
					check(t, err)
					c.get("/ten")
				},
			})
			began := time.Now()
			status := c.get("/").StatusCode
			if runs < 2 || time.Since(began) > 5*time.Second {
				t.Errorf("%s: %d runs, %v", name, runs, time.Since(began))
			}
			if name != "Discard" && status < 400 {
				t.Errorf("%s: status %d", name, status)
			}
			if got := c.get("/who").StatusCode; got != 200 {
				t.Errorf("%s: the next request got %d", name, got)
			}
		})
	}
}

// TestRevokeAllOfTheOwnSession: a handler that logs its visitor out everywhere,
// itself included, may go on with a new session.
func TestRevokeAllOfTheOwnSession(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{
		"/own": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { check(t, s.SetSubject("ada")) },
		"/everywhere": func(_ http.ResponseWriter, r *http.Request, s *sessions.Session) {
			n, err := mw.RevokeAll(r.Context(), s.Subject())
			if n != 1 || err != nil {
				t.Errorf("RevokeAll: %d, %v", n, err)
			}
			check(t, s.Flash("", "You are logged out everywhere."))
		},
		"/next": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
			if list, err := s.Flashes(); len(list) != 1 || err != nil || s.Subject() != "" {
				t.Errorf("flashes: %v, %v, subject %q", list, err, s.Subject())
			}
		},
	})
	c.get("/own")
	old := c.copies()
	if got := c.get("/everywhere").StatusCode; got != 200 {
		t.Errorf("got %d, want 200", got)
	}
	c.get("/next")
	if got := body(c.do("/who", old)); got != "" {
		t.Errorf("the old token leads to %q", got)
	}
}

// TestPanicClosesTheSession: after a panic nothing is loaded or saved, even by a
// goroutine that the handler left behind.
func TestPanicClosesTheSession(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, nil)
	for _, loaded := range []bool{true, false} {
		var ctx context.Context
		func() {
			defer func() { _ = recover() }()
			c.with(mw, t.Context(), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if ctx = r.Context(); loaded {
					_, err := sessions.Load(ctx)
					check(t, err)
				}
				panic("handler")
			}))
		}()
		s, err := sessions.Load(ctx)
		if !loaded {
			if !errors.Is(err, sessions.ErrCommitted) {
				t.Errorf("Load after the panic: %v", err)
			}
			continue
		}
		check(t, err)
		if err := s.Set("late", 1); !errors.Is(err, sessions.ErrCommitted) {
			t.Errorf("Set after the panic: %v", err)
		}
	}
}

// TestLongRequestIsUse: a request that takes longer than the idle timeout, such as
// an upload, may still store something, and its session lives on.
func TestLongRequestIsUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mw := newMiddleware(t, memory.New(nil), &sessions.Config{IdleTimeout: time.Minute})
		c := start(t, mw, routes{"/upload": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
			time.Sleep(10 * time.Minute)
			check(t, s.Set("uploaded", true))
		}})
		if got := c.get("/upload").StatusCode; got != 200 {
			t.Errorf("the upload: got %d, want 200", got)
		}
		if got := body(c.get("/who")); got != "ada" {
			t.Errorf("afterwards: got %q, want ada", got)
		}
		time.Sleep(2 * time.Minute)
		if got := body(c.get("/who")); got != "" {
			t.Errorf("after the idle timeout: got %q", got)
		}
	})
}

// TestResponseNotifiesOfClosing: the response has the method CloseNotify, which
// gin calls unconditionally, whatever is below.
func TestResponseNotifiesOfClosing(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	ctx, hangUp := context.WithCancel(t.Context())
	mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n, ok := w.(interface{ CloseNotify() <-chan bool })
		if !ok {
			t.Fatal("no CloseNotify")
		}
		closed := n.CloseNotify()
		hangUp()
		if !<-closed {
			t.Error("got false")
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
}

// TestFormOfTheHandler: a handler outside sees the form that the handler parsed.
func TestFormOfTheHandler(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	r := httptest.NewRequest("POST", "/?a=1", strings.NewReader("b=2"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { check(t, r.ParseForm()) })).
		ServeHTTP(httptest.NewRecorder(), r)
	if r.Form.Get("a") != "1" || r.PostForm.Get("b") != "2" {
		t.Errorf("outside: %v, %v", r.Form, r.PostForm)
	}
}

// TestDestroyOfSeveralSessions: a logout with the cookies of several sessions ends
// them all; junk before the real one does not protect it; and where too many are
// sent to tell, Destroy says so.
func TestDestroyOfSeveralSessions(t *testing.T) {
	b := memory.New(nil)
	mw := newMiddleware(t, b, nil)
	name := "__Host-session"
	login := func() string {
		c := start(t, mw, nil)
		return c.cookies[name]
	}
	junk := func() string { return strings.Repeat("A", 42) + "E" }
	for what, tt := range map[string]struct {
		tokens []string
		left   int
		status int
	}{
		"two sessions":              {[]string{login(), login()}, 0, 200},
		"junk before a session":     {[]string{junk(), strings.Repeat("B", 42) + "E", login()}, 0, 200},
		"more than can be read":     {[]string{junk(), strings.Repeat("B", 42) + "E", strings.Repeat("C", 42) + "E", strings.Repeat("D", 42) + "E", login()}, 1, 400},
		"a session, and then a lot": {[]string{login(), junk(), strings.Repeat("B", 42) + "E", login()}, 0, 200},
	} {
		before := count(t, b)
		live := 0
		for _, token := range tt.tokens {
			if len(token) == 43 && !strings.HasPrefix(token, "AAAA") && !strings.HasPrefix(token, "BBBB") && !strings.HasPrefix(token, "CCCC") && !strings.HasPrefix(token, "DDDD") {
				live++
			}
		}
		r := httptest.NewRequest("GET", "/", nil)
		for _, token := range tt.tokens {
			r.AddCookie(&http.Cookie{Name: name, Value: token})
		}
		w := httptest.NewRecorder()
		mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := sessions.Load(r.Context())
			check(t, err)
			if err := s.Destroy(r.Context()); err != nil {
				sessions.Error(w, r, err)
			}
		})).ServeHTTP(w, r)
		if w.Code != tt.status || before-count(t, b) != live-tt.left {
			t.Errorf("%s: status %d, %d of %d sessions ended", what, w.Code, before-count(t, b), live)
		}
	}
}
