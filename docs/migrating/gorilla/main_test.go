package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"

	"github.com/gorilla/securecookie"
	gorilla "github.com/gorilla/sessions"

	"github.com/gosessions/sessions/backends/memory"
)

// TestMoved: a visitor of the old application goes on in the new one where the
// old one stopped, whichever store that had.
func TestMoved(t *testing.T) {
	pairs := [][]byte{securecookie.GenerateRandomKey(64), securecookie.GenerateRandomKey(32)}
	t.Run("CookieStore", func(t *testing.T) { checkMoved(t, gorilla.NewCookieStore(pairs...)) })
	t.Run("FilesystemStore", func(t *testing.T) {
		dir := t.TempDir()
		checkMoved(t, gorilla.NewFilesystemStore(dir, pairs...))
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%d sessions are still in the old store, %v", len(left), err)
		}
	})
}

func checkMoved(t *testing.T, store gorilla.Store) {
	before := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := store.Get(r, "visits")
		if err != nil {
			t.Error(err)
		}
		session.Values["visits"] = 41
		session.Values[7] = "not text"
		if err := session.Save(r, w); err != nil {
			t.Error(err)
		}
	})
	mw, err := moved(memory.New(nil), store, "visits")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/before", before)
	mux.Handle("/after", mw.Handler(http.HandlerFunc(visit)))
	server := httptest.NewTLSServer(mux)
	defer server.Close()
	browser := server.Client()
	if browser.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	get := func(path string) string {
		t.Helper()
		response, err := browser.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d, %v", path, response.StatusCode, err)
		}
		return string(body)
	}

	get("/before")
	for _, want := range []string{"visit 42\n", "visit 43\n"} {
		if got := get("/after"); got != want {
			t.Errorf("after the move it shows %q, want %q", got, want)
		}
	}
	site, _ := url.Parse(server.URL)
	if cookies := browser.Jar.Cookies(site); len(cookies) != 1 || cookies[0].Name != "__Host-session" {
		t.Errorf("the cookies are %v, want only the new one", cookies)
	}
	// A forged cookie gets a new session.
	browser.Jar.SetCookies(site, []*http.Cookie{{Name: "visits", Value: "MTIz", Path: "/"}, {Name: "__Host-session", Path: "/", MaxAge: -1, Secure: true}})
	if got := get("/after"); got != "visit 1\n" {
		t.Errorf("with a forged cookie it shows %q, want a new session", got)
	}
}

// TestUnchanged: handlers that still use gorilla find the visitors of the old store.
func TestUnchanged(t *testing.T) {
	old := gorilla.NewCookieStore(securecookie.GenerateRandomKey(64))
	backend := memory.New(nil)
	mw, store, err := unchanged(backend, old)
	if err != nil {
		t.Fatal(err)
	}
	counter := func(store gorilla.Store) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, err := store.Get(r, "visits")
			if err != nil {
				t.Error(err)
			}
			n, _ := session.Values["visits"].(int)
			session.Values["visits"] = n + 1
			if err := session.Save(r, w); err != nil {
				t.Error(err)
			}
			fmt.Fprint(w, n+1)
		})
	}
	mux := http.NewServeMux()
	mux.Handle("/before", counter(old))
	mux.Handle("/after", mw.Handler(counter(store)))
	server := httptest.NewTLSServer(mux)
	defer server.Close()
	browser := server.Client()
	if browser.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	for i, path := range []string{"/before", "/before", "/after", "/after"} {
		response, err := browser.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || string(body) != fmt.Sprint(i+1) {
			t.Errorf("visit %d, %s: %q, %v", i+1, path, body, err)
		}
	}
	if backend.Len() != 1 {
		t.Errorf("%d records are stored, want 1", backend.Len())
	}
}
