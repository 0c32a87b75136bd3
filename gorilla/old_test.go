package gorilla_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/gorilla/securecookie"
	gorillasessions "github.com/gorilla/sessions"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/gorilla"
	"github.com/gosessions/sessions/sessionstest"
)

// TestOld: visitors of the old store go on where they were, with values of the same
// types, and the old session is gone once it was saved.
func TestOld(t *testing.T) {
	pairs := [][]byte{securecookie.GenerateRandomKey(64), securecookie.GenerateRandomKey(32)}
	dir := t.TempDir()
	for name, old := range map[string]gorillasessions.Store{
		"CookieStore":     gorillasessions.NewCookieStore(pairs...),
		"FilesystemStore": gorillasessions.NewFilesystemStore(dir, pairs...),
	} {
		t.Run(name, func(t *testing.T) {
			r, w := httptest.NewRequest("GET", "https://example.com/", nil), httptest.NewRecorder()
			session, err := old.Get(r, "app")
			if err != nil {
				t.Fatal(err)
			}
			session.Values["user"], session.Values[7] = "ada", []any{int8(1)}
			if err := session.Save(r, w); err != nil {
				t.Fatal(err)
			}
			cookie := w.Result().Cookies()[0]

			backend := memory.New(nil)
			b := newBrowser(t, &gorilla.Options{Old: old}, backend, nil)
			visit := func(handler http.HandlerFunc) *httptest.ResponseRecorder {
				r := httptest.NewRequest("GET", "https://example.com/", nil)
				r.AddCookie(cookie)
				return b.visitor.Do(b.mw.Handler(handler), r)
			}
			read := func(_ http.ResponseWriter, r *http.Request) {
				session, err := b.store.Get(r, "app")
				if err != nil || session.IsNew || session.Values["user"] != "ada" || session.Values[7].([]any)[0] != int8(1) {
					t.Errorf("Get: %v, %v, want the old session", session.Values, err)
				}
			}
			visit(read)
			if backend.Len() != 0 {
				t.Error("a page that only reads has moved the session")
			}
			response := visit(func(w http.ResponseWriter, r *http.Request) {
				session, err := b.store.Get(r, "app")
				if err != nil {
					t.Error(err)
				}
				session.Values["seen"] = true
				if err := session.Save(r, w); err != nil {
					t.Error(err)
				}
			})
			deleted := false
			for _, c := range response.Result().Cookies() {
				deleted = deleted || c.Name == "app" && c.MaxAge < 0
			}
			if !deleted {
				t.Errorf("the old cookie is not deleted: %q", response.Header()["Set-Cookie"])
			}
			b.do(read) // without the old cookie
			b.with("app", func(s *gorillasessions.Session) { s.Options.MaxAge = -1 })
			b.wantValues("app", map[any]any{})
		})
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%d sessions are left in the old store, %v", len(left), err)
	}
}

// TestOldLogout: a logout ends a session that has not moved yet.
func TestOldLogout(t *testing.T) {
	old := gorillasessions.NewFilesystemStore(t.TempDir(), securecookie.GenerateRandomKey(64))
	r, w := httptest.NewRequest("GET", "https://example.com/", nil), httptest.NewRecorder()
	session, _ := old.Get(r, "app")
	session.Values["user"] = "ada"
	if err := session.Save(r, w); err != nil {
		t.Fatal(err)
	}
	cookie := w.Result().Cookies()[0]
	b := newBrowser(t, &gorilla.Options{Old: old}, nil, nil)
	for _, want := range []bool{true, false} {
		r := httptest.NewRequest("GET", "https://example.com/", nil)
		r.AddCookie(cookie)
		b.visitor.Do(b.mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, err := b.store.Get(r, "app")
			if got := session.Values["user"] == "ada"; err != nil || got != want {
				t.Errorf("logged in: %v, %v, want %v", got, err, want)
			}
			session.Options.MaxAge = -1
			if err := session.Save(r, w); err != nil {
				t.Error(err)
			}
		})), r)
	}
}

// TestOldRefused: a forged old cookie is a new session, and a failure of the old
// store is an error and not a logout.
func TestOldRefused(t *testing.T) {
	key := securecookie.GenerateRandomKey(64)
	cookies := gorillasessions.NewCookieStore(key)
	broken := gorillasessions.NewFilesystemStore(t.TempDir(), key)
	r, w := httptest.NewRequest("GET", "https://example.com/", nil), httptest.NewRecorder()
	session, _ := broken.Get(r, "app")
	session.Values["user"] = "ada"
	if err := session.Save(r, w); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		old   gorillasessions.Store
		value string
		fails bool
	}{
		{"forged", cookies, "MTIz", false},
		{"the file is gone", gorillasessions.NewFilesystemStore(t.TempDir(), key), w.Result().Cookies()[0].Value, false},
		{"the store fails", failing{cookies}, "MTIz", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mw, err := sessions.New(memory.New(nil), nil)
			if err != nil {
				t.Fatal(err)
			}
			store := gorilla.NewStore(nil, &gorilla.Options{Old: tt.old})
			r := httptest.NewRequest("GET", "https://example.com/", nil)
			r.AddCookie(&http.Cookie{Name: "app", Value: tt.value})
			sessionstest.NewVisitor(mw).Do(mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				session, err := store.Get(r, "app")
				if !session.IsNew || len(session.Values) != 0 || (err != nil) != tt.fails {
					t.Errorf("Get: new %v, %v, %v", session.IsNew, session.Values, err)
				}
				if err := session.Save(r, w); (err != nil) != tt.fails {
					t.Errorf("Save: %v", err)
				}
			})), r)
		})
	}
}

// failing is a store that does not answer.
type failing struct{ gorillasessions.Store }

func (f failing) New(r *http.Request, name string) (*gorillasessions.Session, error) {
	return gorillasessions.NewSession(f, name), os.ErrDeadlineExceeded
}
