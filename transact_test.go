package sessions_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// TestTransactBesideAPendingUpdate: Transact applies the request's pending changes to
// the new record, and does not hold the lock that functions given to Update need.
func TestTransactBesideAPendingUpdate(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{
		"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			_, err := s.Update("n", func(old any) (any, error) {
				name, err := user.Get(s)
				return name, err
			})
			check(t, err)
			check(t, s.Transact(r.Context(), func(s *sessions.Session) error { return s.Set("inside", 1) }))
			if !s.Has("inside") || !s.Has("n") {
				t.Errorf("after Transact: %v", s.Keys())
			}
		},
	})
	within(t, func() { c.get("/") })
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		if n, _ := s.Get("n"); s.Len() != 3 || n != "ada" {
			t.Errorf("stored: %v, n = %v", s.Keys(), n)
		}
	})
}

func TestTransactDestroys(t *testing.T) {
	b := memory.New(nil)
	mw := newMiddleware(t, b, nil)
	routes := routes{
		"/destroy-inside": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.Transact(r.Context(), func(s *sessions.Session) error { return s.Destroy(r.Context()) }))
			if !s.IsNew() || s.Len() != 0 {
				t.Errorf("after Destroy inside Transact: new %v, %v", s.IsNew(), s.Keys())
			}
		},
		"/again-inside": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			err := s.Transact(r.Context(), func(s *sessions.Session) error {
				check(t, s.Destroy(r.Context()))
				return s.Set("orphan", 1)
			})
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("a new session inside Transact: got %v, want ErrUnsupported", err)
			}
		},
	}
	for path := range routes {
		c := start(t, mw, routes)
		if c.get(path); len(c.cookies) != 0 {
			t.Errorf("%s: the cookie is left", path)
		}
		if n := count(t, b); n != 0 {
			t.Errorf("%s: %d records are left", path, n)
		}
	}
}

func TestTransact(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{
		"/stream": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			_, _ = w.Write([]byte("first byte"))
			if err := visits.Set(s, 1); !errors.Is(err, sessions.ErrCommitted) {
				t.Errorf("Set after the first byte: got %v, want ErrCommitted", err)
			}
			check(t, s.Transact(r.Context(), func(s *sessions.Session) error {
				_, err := visits.Update(s, func(n int) (int, error) { return n + 1, nil })
				return err
			}))
			n, err := visits.Get(s)
			check(t, err)
			if n != 1 {
				t.Errorf("after Transact: got %d, want 1", n)
			}
			check(t, s.Destroy(r.Context()))
		},
		"/gone": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			if name, _ := user.Get(s); name != "" {
				t.Errorf("after Destroy: got %q", name)
			}
			if err := s.Transact(r.Context(), func(*sessions.Session) error { return nil }); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("Transact of what is not stored: got %v, want ErrUnsupported", err)
			}
		},
	})
	c.get("/stream")
	c.get("/gone")
}
