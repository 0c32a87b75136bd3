package sessions_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

func TestUpdateMayUseTheSession(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	in(newClient(t, nil), mw, func(r *http.Request, s *sessions.Session) {
		n, err := visits.Update(s, func(n int) (int, error) {
			check(t, s.Set("seen", true))
			return n + s.Len(), nil
		})
		if n != 1 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
		oops := errors.New("oops")
		if _, err := visits.Update(s, func(int) (int, error) { return 0, oops }); !errors.Is(err, oops) {
			t.Errorf("got %v, want the function's error", err)
		}
	})
}

// TestR3_UpdateDuringSave: if another goroutine's Save merges changes while Update
// runs its function, the function runs again.
func TestR3_UpdateDuringSave(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	var c *client
	c = start(t, mw, routes{
		"/ten": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, visits.Set(s, 10)) },
		"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.Set("k", 1))
			first := true
			n, err := visits.Update(s, func(n int) (int, error) {
				if first {
					first = false
					c.get("/ten")
					together(1, func(int) { check(t, s.Save(r.Context())) })
				}
				return n + 1, nil
			})
			if n != 11 || err != nil {
				t.Errorf("Update: got %d, %v, want 11", n, err)
			}
		},
	})
	c.get("/")
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		if n, err := visits.Get(s); n != 11 || err != nil {
			t.Errorf("stored: got %d, %v, want 11", n, err)
		}
	})
}

// TestUpdateThatFailsDuringSave: if a function given to Update runs again and fails, the
// commit fails, even if there is nothing left to store.
func TestUpdateThatFailsDuringSave(t *testing.T) {
	b := hook(memory.New(nil))
	mw := newMiddleware(t, b.Backend, nil)
	var c *client
	refuse := errors.New("not again")
	c = start(t, mw, routes{
		"/ten": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, visits.Set(s, 10)) },
		"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			b.once(backends.OpSwap, func() {
				c.get("/ten")
				_, err := visits.Update(s, func(n int) (int, error) {
					if n == 10 {
						return 0, refuse
					}
					return n + 1, nil
				})
				check(t, err)
			})
			check(t, s.Set("k", 1))
			check(t, s.Save(r.Context()))
			if err := s.Save(r.Context()); !errors.Is(err, refuse) {
				t.Errorf("the next Save: got %v, want the function's error", err)
			}
		},
	})
	if response := c.get("/"); response.StatusCode != 500 {
		t.Errorf("status: got %d, want 500", response.StatusCode)
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
