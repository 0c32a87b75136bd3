package sessions_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

func TestR3_NoLostUpdate(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{
		"/keys": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			for k := range 20 {
				check(t, s.Set(fmt.Sprint(r.URL.Query().Get("i"), "-", k), k))
			}
		},
		"/count": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			_, err := visits.Update(s, func(n int) (int, error) { return n + 1, nil })
			check(t, err)
		},
		"/all": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			n, err := visits.Get(s)
			check(t, err)
			fmt.Fprint(w, s.Len(), " ", n)
		},
	})
	request := func(path string) {
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, c.request(path))
		if w.Code != 200 {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	together(50, func(i int) { request(fmt.Sprint("/keys?i=", i)) })
	together(50, func(int) { request("/count") })
	if got, want := body(c.get("/all")), "1002 50"; got != want {
		t.Errorf("keys and count: got %s, want %s", got, want)
	}
}

func TestSaveShowsMergedNumbers(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	var seen sync.Map
	c := start(t, mw, routes{
		"/incr": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			_, err := visits.Update(s, func(n int) (int, error) { return n + 1, nil })
			check(t, err)
			check(t, s.Save(r.Context()))
			n, err := visits.Get(s)
			check(t, err)
			if _, twice := seen.LoadOrStore(n, true); twice {
				t.Errorf("%d was shown twice", n)
			}
		},
	})
	together(50, func(int) { c.handler.ServeHTTP(httptest.NewRecorder(), c.request("/incr")) })
	for n := range 50 {
		if _, ok := seen.Load(n + 1); !ok {
			t.Errorf("%d was not shown", n+1)
		}
	}
}

// A value that may be used once, such as OAuth's state, is used once: of twenty
// requests at a time one gets it, and others that saw it too are refused.
func TestRES6_TakeGivesAValueOnce(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		if !slices.Contains(backends.Abilities(b), backends.CanSwap) {
			return // and cannot promise it, as the documentation says
		}
		mw := newMiddleware(t, b, nil)
		const state sessions.Key[string] = "state"
		c := start(t, mw, routes{
			"/give": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, state.Set(s, "x")) },
			"/take": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				v, err := state.Take(s)
				check(t, err)
				fmt.Fprint(w, v)
			},
		})
		c.get("/give")
		var got atomic.Int32
		together(20, func(int) {
			w := httptest.NewRecorder()
			c.handler.ServeHTTP(w, c.request("/take"))
			switch {
			case w.Code == 200 && w.Body.String() == "x":
				got.Add(1)
			case w.Code != http.StatusConflict && (w.Code != 200 || w.Body.Len() > 0):
				t.Errorf("status %d, %q", w.Code, w.Body)
			}
		})
		if got.Load() != 1 {
			t.Errorf("%d requests got the value", got.Load())
		}
	})
}

func TestR3_StrictRefusesEveryConflict(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{RefuseConflicts: true})
	c := start(t, mw, routes{
		"/outer": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.Set("a", 1))
			w2 := httptest.NewRecorder()
			r2 := httptest.NewRequest("GET", "/inner", nil)
			r2.Header = r.Header
			mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s, err := sessions.Load(r.Context())
				check(t, err)
				check(t, s.Set("b", 1))
			})).ServeHTTP(w2, r2)
		},
	})
	if response := c.get("/outer"); response.StatusCode != http.StatusConflict {
		t.Errorf("status: got %d, want 409", response.StatusCode)
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

func TestDiscard(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{
		"/discard": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, user.Set(s, "eve"))
			check(t, s.RegenerateID())
			s.Discard()
			if name, err := user.Get(s); name != "ada" && !s.IsNew() || s.Changed() {
				t.Errorf("after Discard: %q, %v, changed %v", name, err, s.Changed())
			}
			check(t, visits.Set(s, 7))
		},
		"/empty": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.Clear())
			s.Discard()
		},
	})
	if got := c.get("/discard").Cookies(); len(got) != 0 {
		t.Errorf("cookies: got %v, want none", got)
	}
	c.get("/empty")
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("stored: got %q, want ada", got)
	}
	fresh := newClient(t, c.handler)
	if got := fresh.get("/discard").Cookies(); len(got) != 1 {
		t.Errorf("a new session: cookies %v, want one", got)
	}
}
