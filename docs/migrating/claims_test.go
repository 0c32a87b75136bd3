package migrating_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	gorilla "github.com/gorilla/sessions"
	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// A library is one that the README compares, as an application uses it.
type library struct {
	handler http.Handler

	// wait, if not nil, is called by a request for /slow between its read and its
	// end.
	wait func()
}

// answer counts visits, tells the count at /read and ends the session at /logout.
func answer(w http.ResponseWriter, r *http.Request, l *library, get func() int, set func(int), end func()) {
	switch r.URL.Path {
	case "/logout":
		end()
	case "/slow":
		n := get()
		l.wait()
		set(n + 1)
	case "/read":
		w.Header().Set("Count", string(rune('0'+get())))
	default:
		set(get() + 1)
	}
}

func libraries(t *testing.T) map[string]*library {
	ours, theirs, cookie := new(library), new(library), new(library)
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	const visits sessions.Key[int] = "visits"
	ours.handler = mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			t.Error(err)
			return
		}
		answer(w, r, ours,
			func() int { n, _ := visits.Get(s); return n },
			func(int) { _, _ = visits.Update(s, func(n int) (int, error) { return n + 1, nil }) },
			func() { err = s.Destroy(r.Context()) })
		if err != nil {
			sessions.Error(w, r, err)
		}
	}))

	manager := scs.New()
	theirs.handler = manager.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, theirs,
			func() int { return manager.GetInt(r.Context(), "visits") },
			func(n int) { manager.Put(r.Context(), "visits", n) },
			func() { _ = manager.Destroy(r.Context()) })
	}))

	store := gorilla.NewCookieStore([]byte("Wq3vT8nKz5LxRb2YcFh7MdGpJs9UeA4o"))
	cookie.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := store.Get(r, "session")
		answer(w, r, cookie,
			func() int { n, _ := s.Values["visits"].(int); return n },
			func(n int) { s.Values["visits"] = n },
			func() { s.Options.MaxAge = -1 })
		_ = s.Save(r, w)
	})
	return map[string]*library{"sessions": ours, "scs": theirs, "gorilla": cookie}
}

// visitor keeps cookies like a browser on https.
type visitor map[string]string

func (v visitor) get(h http.Handler, path string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "https://example.com"+path, nil)
	for name, value := range v {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if v[c.Name] = c.Value; c.MaxAge < 0 {
			delete(v, c.Name)
		}
	}
	return w.Result()
}

// TestClaims_LostUpdates: two requests at once count twice with this library, and once
// with the others.
func TestClaims_LostUpdates(t *testing.T) {
	for name, l := range libraries(t) {
		v := visitor{}
		v.get(l.handler, "/")
		l.wait = func() { v.get(l.handler, "/") }
		v.get(l.handler, "/slow")
		want := "2"
		if name == "sessions" {
			want = "3"
		}
		if got := v.get(l.handler, "/read").Header.Get("Count"); got != want {
			t.Errorf("%s: counted %s, want %s: change the README", name, got, want)
		}
	}
}

// TestClaims_LogoutIsFinal: a request that is under way during a logout brings the
// session back with the other libraries.
func TestClaims_LogoutIsFinal(t *testing.T) {
	for name, l := range libraries(t) {
		v := visitor{}
		v.get(l.handler, "/")
		copied := visitor{}
		for k, value := range v {
			copied[k] = value
		}
		l.wait = func() { v.get(l.handler, "/logout") }
		status := copied.get(l.handler, "/slow").StatusCode
		want := "2"
		if name == "sessions" {
			want = "0"
		}
		if got := copied.get(l.handler, "/read").Header.Get("Count"); got != want {
			t.Errorf("%s: after the logout the count is %s, want %s: change the README", name, got, want)
		}
		if (status == http.StatusConflict) != (name == "sessions") {
			t.Errorf("%s: the request under way got %d", name, status)
		}
	}
}

// TestClaims_LateChanges: a change after the first byte is an error with this library,
// and vanishes with the others.
func TestClaims_LateChanges(t *testing.T) {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	visitor{}.get(mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte("x"))
		if err := s.Set("k", 1); !errors.Is(err, sessions.ErrCommitted) {
			t.Errorf("sessions: got %v, want ErrCommitted", err)
		}
	})), "/")

	manager, v := scs.New(), visitor{}
	h := manager.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/read" {
			if manager.Exists(r.Context(), "k") {
				t.Error("scs: a late change is saved: change the README")
			}
			return
		}
		manager.Put(r.Context(), "early", 1)
		_, _ = w.Write([]byte("x"))
		manager.Put(r.Context(), "k", 1) // returns nothing
	}))
	v.get(h, "/")
	v.get(h, "/read")
}

// untaught is a type that gob has not been told of.
type untaught struct{ N int }

// TestClaims_Types: the other libraries need to be told of a type before they can store
// it.
func TestClaims_Types(t *testing.T) {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	visitor{}.get(mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err == nil {
			err = s.Set("k", untaught{1})
		}
		if err != nil {
			t.Errorf("sessions: %v", err)
		}
	})), "/")

	manager := scs.New()
	manager.Store = memstore.New()
	ctx, err := manager.Load(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	manager.Put(ctx, "k", untaught{1})
	if _, _, err := manager.Commit(ctx); err == nil {
		t.Error("scs: stores the type: change the README")
	}

	r := httptest.NewRequest(http.MethodGet, "/", nil)
	s, _ := gorilla.NewCookieStore([]byte("Wq3vT8nKz5LxRb2YcFh7MdGpJs9UeA4o")).Get(r, "session")
	s.Values["k"] = untaught{1}
	if err := s.Save(r, httptest.NewRecorder()); err == nil {
		t.Error("gorilla: stores the type: change the README")
	}
}
