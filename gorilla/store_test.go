package gorilla_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gorillasessions "github.com/gorilla/sessions"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/gorilla"
	"github.com/gosessions/sessions/sessionstest"
)

// TestNames: several sessions in one request have their own values, and their own
// end.
func TestNames(t *testing.T) {
	b := newBrowser(t, nil, nil, nil)
	b.do(func(w http.ResponseWriter, r *http.Request) {
		for i, name := range []string{"app", "cart", "ap"} {
			session, err := b.store.Get(r, name)
			if err != nil || !session.IsNew || session.Name() != name {
				t.Fatalf("Get of %s: new %v, name %q, %v", name, session.IsNew, session.Name(), err)
			}
			session.Values["n"] = i
		}
		if err := gorillasessions.Save(r, w); err != nil { // all of them
			t.Error(err)
		}
	})
	b.wantValues("app", map[any]any{"n": 0})
	b.wantValues("cart", map[any]any{"n": 1})
	b.wantValues("ap", map[any]any{"n": 2})
	b.with("app", func(s *gorillasessions.Session) { s.Options.MaxAge = -1 })
	b.wantValues("app", map[any]any{})
	b.wantValues("cart", map[any]any{"n": 1})
	b.wantValues("ap", map[any]any{"n": 2})
}

// TestGet: Get returns one session a request, New another one each time, with what
// was saved meanwhile.
func TestGet(t *testing.T) {
	b := newBrowser(t, nil, nil, nil)
	b.do(func(w http.ResponseWriter, r *http.Request) {
		first, _ := b.store.Get(r, "app")
		if again, _ := b.store.Get(r, "app"); again != first {
			t.Error("a second Get returns another session")
		}
		first.Values["a"] = 1
		if err := b.store.Save(r, w, first); err != nil {
			t.Error(err)
		}
		second, err := b.store.New(r, "app")
		if err != nil || second == first || second.Values["a"] != 1 || second.IsNew {
			t.Errorf("New: %v, %v", second.Values, err)
		}
	})
}

// TestFlashes: gorilla's messages are shown once.
func TestFlashes(t *testing.T) {
	b := newBrowser(t, nil, nil, nil)
	b.with("app", func(s *gorillasessions.Session) {
		s.AddFlash("saved")
		s.AddFlash(7)
		s.AddFlash("careful", "warnings")
	})
	b.with("app", func(s *gorillasessions.Session) {
		if got := s.Flashes(); len(got) != 2 || got[0] != "saved" || got[1] != 7 {
			t.Errorf("Flashes: %v", got)
		}
	})
	b.with("app", func(s *gorillasessions.Session) {
		if got := s.Flashes(); len(got) != 0 {
			t.Errorf("Flashes again: %v", got)
		}
		if got := s.Flashes("warnings"); len(got) != 1 || got[0] != "careful" {
			t.Errorf("Flashes of another key: %v", got)
		}
	})
	b.wantValues("app", map[any]any{})
}

// TestLogout: a negative MaxAge ends the session, so that a copy of its cookie leads
// nowhere, unless something else is in it.
func TestLogout(t *testing.T) {
	backend := memory.New(nil)
	b := newBrowser(t, nil, backend, nil)
	b.with("app", func(s *gorillasessions.Session) { s.Values["user"] = "ada" })
	b.with("app", func(s *gorillasessions.Session) {
		s.Options.MaxAge = -1
		s.Values["user"] = "set together with the logout"
	})
	if n := backend.Len(); n != 0 {
		t.Errorf("%d records are stored after the logout", n)
	}
	b.with("app", func(s *gorillasessions.Session) {
		s.Values["user"] = "ada"
		s.Values["draft"] = "x"
	})
	b.do(func(_ http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := session.Set("theme", "dark"); err != nil { // by a handler that has moved
			t.Error(err)
		}
	})
	b.with("app", func(s *gorillasessions.Session) { s.Options.MaxAge = -1 })
	b.do(func(_ http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err != nil {
			t.Fatal(err)
		}
		if keys := session.Keys(); len(keys) != 1 || keys[0] != "theme" {
			t.Errorf("the keys are %q, want only theme", keys)
		}
	})
	// A visitor who has nothing can log out, too, and nothing is stored.
	other := newBrowser(t, nil, memory.New(nil), nil)
	other.with("app", func(s *gorillasessions.Session) { s.Options.MaxAge = -1 })
}

// TestLogoutIsFinal: a request that was under way cannot bring the session back.
func TestLogoutIsFinal(t *testing.T) {
	b := newBrowser(t, nil, nil, nil)
	b.with("app", func(s *gorillasessions.Session) { s.Values["user"] = "ada" })
	slow := b.do(func(w http.ResponseWriter, r *http.Request) {
		session, err := b.store.Get(r, "app")
		if err != nil {
			t.Error(err)
		}
		b.with("app", func(s *gorillasessions.Session) { s.Options.MaxAge = -1 })
		session.Values["seen"] = true
		if err := session.Save(r, w); !errors.Is(err, sessions.ErrGone) {
			t.Errorf("Save: %v, want ErrGone", err)
		}
		w.WriteHeader(http.StatusConflict)
	})
	if slow.Code != http.StatusConflict {
		t.Errorf("status %d, want 409", slow.Code)
	}
	b.wantValues("app", map[any]any{})
}

// TestTogether: two requests that change different values keep both changes, and a
// request that changes nothing overwrites nothing.
func TestTogether(t *testing.T) {
	b := newBrowser(t, nil, nil, nil)
	b.with("app", func(s *gorillasessions.Session) {
		s.Values["user"], s.Values["m"] = "ada", []any{"a"}
	})
	b.with("app", func(outer *gorillasessions.Session) {
		b.with("app", func(s *gorillasessions.Session) {
			s.Values["cart"] = 3
			s.Values["m"] = []any{"b"}
			delete(s.Values, "user")
		})
		outer.Values["seen"] = true
	})
	b.wantValues("app", map[any]any{"cart": 3, "m": []any{"b"}, "seen": true})
}

// TestMaxAge: values end so long after the last Save, whatever else is in the
// session, and the end of one name is not that of another.
func TestMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBrowser(t, &gorilla.Options{Session: gorillasessions.Options{MaxAge: 60}}, nil, nil)
		b.with("app", func(s *gorillasessions.Session) { s.Values["a"], s.Values["b"] = 1, 2 })
		b.with("cart", func(s *gorillasessions.Session) {
			s.Options.MaxAge = 0
			s.Values["n"] = 1
		})
		time.Sleep(40 * time.Second)
		b.with("app", func(s *gorillasessions.Session) {}) // begins anew, as gorilla's cookie does
		time.Sleep(40 * time.Second)
		b.wantValues("app", map[any]any{"a": 1, "b": 2})
		time.Sleep(20 * time.Second)
		b.wantValues("app", map[any]any{})
		b.with("app", func(s *gorillasessions.Session) { s.Values["a"] = 3 })
		b.wantValues("app", map[any]any{"a": 3}) // and not the old b
		b.wantValues("cart", map[any]any{"n": 1})
	})
}

// TestIdentity: the session gets a new ID when the visitor becomes another one.
func TestIdentity(t *testing.T) {
	b := newBrowser(t, nil, nil, nil, "user", 7)
	b.with("app", func(s *gorillasessions.Session) { s.Values["cart"] = 1 })
	last := b.publicID()
	for _, step := range []struct {
		name   string
		change func(*gorillasessions.Session)
		want   bool
	}{
		{"another value", func(s *gorillasessions.Session) { s.Values["cart"] = 2 }, false},
		{"login", func(s *gorillasessions.Session) { s.Values["user"] = "ada" }, true},
		{"the same user", func(s *gorillasessions.Session) { s.Values["user"] = "ada" }, false},
		{"another user", func(s *gorillasessions.Session) { s.Values["user"] = "bob" }, true},
		{"a key that is a number", func(s *gorillasessions.Session) { s.Values[7] = true }, true},
		{"logout", func(s *gorillasessions.Session) { delete(s.Values, "user") }, true},
	} {
		b.with("app", step.change)
		now := b.publicID()
		if got := now != last; got != step.want {
			t.Errorf("%s: a new ID: %v, want %v", step.name, got, step.want)
		}
		last = now
	}
}

// TestLate: gorilla's stores would save nothing and return nil.
func TestLate(t *testing.T) {
	b := newBrowser(t, nil, nil, nil)
	b.do(func(w http.ResponseWriter, r *http.Request) {
		session, err := b.store.Get(r, "app")
		if err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "begun")
		session.Values["a"] = 1
		if err := session.Save(r, w); !errors.Is(err, sessions.ErrCommitted) {
			t.Errorf("Save: %v, want ErrCommitted", err)
		}
	})
	b.wantValues("app", map[any]any{})
}

// TestWithoutMiddleware: Get returns a session even so, as gorilla demands, and
// nothing is lost in silence.
func TestWithoutMiddleware(t *testing.T) {
	store := gorilla.NewStore(nil, nil)
	r, w := httptest.NewRequest("GET", "https://example.com/", nil), httptest.NewRecorder()
	session, err := store.Get(r, "app")
	if session == nil || session.Options == nil || !errors.Is(err, sessions.ErrNoMiddleware) {
		t.Fatalf("Get: %v, %v, want a session and ErrNoMiddleware", session, err)
	}
	if err := session.Save(r, w); !errors.Is(err, sessions.ErrNoMiddleware) {
		t.Errorf("Save: %v, want ErrNoMiddleware", err)
	}
	if err := store.Save(r, w, nil); err == nil {
		t.Error("Save of nil: no error")
	}
}

// TestFailedLoad: handlers that ignore the error of Get cannot overwrite what could
// not be read, even if the backend works again.
func TestFailedLoad(t *testing.T) {
	faulty := sessionstest.NewFaulty(1)
	b := newBrowser(t, nil, backends.Intercept(memory.New(nil), faulty.Intercept), &sessions.Config{DisableBreaker: true})
	b.with("app", func(s *gorillasessions.Session) { s.Values["a"] = 1 })
	b.do(func(w http.ResponseWriter, r *http.Request) {
		faulty.Set(sessionstest.Faults{Before: 1})
		session, err := b.store.Get(r, "app")
		if session == nil || !errors.Is(err, sessionstest.ErrInjected) {
			t.Fatalf("Get: %v, %v, want a session and the error", session, err)
		}
		faulty.Set(sessionstest.Faults{})
		session.Values["b"] = 2
		if err := session.Save(r, w); !errors.Is(err, sessionstest.ErrInjected) {
			t.Errorf("Save: %v, want the error of Get", err)
		}
	})
	b.wantValues("app", map[any]any{"a": 1})
}

// TestFailedSave: Save reports that the backend did not take the changes, and the
// same call stores them later.
func TestFailedSave(t *testing.T) {
	faulty := sessionstest.NewFaulty(1)
	b := newBrowser(t, nil, backends.Intercept(memory.New(nil), faulty.Intercept), &sessions.Config{DisableBreaker: true})
	b.do(func(w http.ResponseWriter, r *http.Request) {
		session, err := b.store.Get(r, "app")
		if err != nil {
			t.Error(err)
		}
		session.Values["a"] = 1
		faulty.Set(sessionstest.Faults{Before: 1})
		if err := session.Save(r, w); !errors.Is(err, sessionstest.ErrInjected) {
			t.Errorf("Save: %v, want the backend's error", err)
		}
		faulty.Set(sessionstest.Faults{})
		if err := session.Save(r, w); err != nil {
			t.Errorf("Save again: %v", err)
		}
	})
	b.wantValues("app", map[any]any{"a": 1})
}

// TestOwnSession: a session that the handler made itself replaces what is stored, as
// in gorilla's stores.
func TestOwnSession(t *testing.T) {
	b := newBrowser(t, nil, nil, nil)
	b.with("app", func(s *gorillasessions.Session) { s.Values["a"], s.Values["b"] = 1, 2 })
	b.do(func(w http.ResponseWriter, r *http.Request) {
		own := gorillasessions.NewSession(b.store, "app")
		own.Values["b"] = 3
		own.Options = nil
		if err := own.Save(r, w); err != nil {
			t.Error(err)
		}
	})
	b.wantValues("app", map[any]any{"b": 3})
}

func TestNamesThatAreNone(t *testing.T) {
	b := newBrowser(t, nil, nil, nil)
	b.do(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"", "a/b", "a b", "é", "a;"} {
			session, err := b.store.New(r, name)
			if session == nil || err == nil || !strings.HasPrefix(err.Error(), "gorilla: ") {
				t.Errorf("New of %q: %v, %v", name, session, err)
			}
			if err := b.store.Save(r, w, gorillasessions.NewSession(b.store, name)); err == nil {
				t.Errorf("Save of %q: no error", name)
			}
		}
	})
}

// TestMiddlewareOption: of two middlewares, the one that is named keeps the session.
func TestMiddlewareOption(t *testing.T) {
	outerBackend, innerBackend := memory.New(nil), memory.New(nil)
	outer, err := sessions.New(outerBackend, &sessions.Config{Transport: sessions.Cookie{Name: "outer"}})
	if err != nil {
		t.Fatal(err)
	}
	inner, err := sessions.New(innerBackend, &sessions.Config{Transport: sessions.Cookie{Name: "inner"}})
	if err != nil {
		t.Fatal(err)
	}
	store := gorilla.NewStore(nil, &gorilla.Options{Middleware: outer})
	outer.Handler(inner.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := store.Get(r, "app")
		if err != nil {
			t.Error(err)
		}
		session.Values["a"] = 1
		if err := session.Save(r, w); err != nil {
			t.Error(err)
		}
	}))).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "https://example.com/", nil))
	if outerBackend.Len() != 1 || innerBackend.Len() != 0 {
		t.Errorf("%d and %d records, want 1 in the outer backend", outerBackend.Len(), innerBackend.Len())
	}
}
