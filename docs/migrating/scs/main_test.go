package main

import (
	"encoding/gob"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

// TestMoved: a visitor of the old application goes on in the new one where the
// old one stopped, is logged out when that one would have done so, and is
// forgotten there.
func TestMoved(t *testing.T) {
	gob.Register(time.Time{}) // as before: scs asks for it
	old := memstore.New()
	manager := scs.New()
	manager.Store = old
	before := manager.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		manager.Put(r.Context(), "visits", 41)
		manager.Put(r.Context(), "seen", time.Unix(1700000000, 0).UTC())
	}))
	mw, err := moved(memory.New(nil), old, manager.Lifetime)
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
	site, _ := url.Parse(server.URL)
	token := browser.Jar.Cookies(site)[0].Value
	if got := get("/after"); got != "visit 42\n" {
		t.Errorf("the first visit after the move shows %q, want 42", got)
	}
	if got := get("/after"); got != "visit 43\n" {
		t.Errorf("the second visit after the move shows %q, want 43", got)
	}
	if cookies := browser.Jar.Cookies(site); len(cookies) != 1 || cookies[0].Name != "__Host-session" {
		t.Errorf("the cookies are %v, want only the new one", cookies)
	}
	if _, found, _ := old.Find(token); found {
		t.Error("the session is still in the old store")
	}
	if got := get("/after"); got != "visit 44\n" {
		t.Errorf("the third visit after the move shows %q, want 44", got)
	}
}

// TestDeadline: the end of a session stays where it was.
func TestDeadline(t *testing.T) {
	deadline := time.Now().Add(time.Hour)
	data, err := scs.GobCodec{}.Encode(deadline, map[string]any{"a": 1})
	if err != nil {
		t.Fatal(err)
	}
	var content serializer.Content
	if err := (scsFormat{scs.GobCodec{}, 24 * time.Hour}).Unpack(data, &content); err != nil {
		t.Fatal(err)
	}
	if end := content.Created.Add(content.Lifetime); !end.Equal(deadline) {
		t.Errorf("it ends at %v, want %v", end, deadline)
	}
}

// TestUnderneathThenMoved: a program first keeps its handlers and changes only the
// store, and then moves within the same backend.
func TestUnderneathThenMoved(t *testing.T) {
	backend := memory.New(nil)
	manager := scs.New()
	if err := underneath(manager, backend); err != nil {
		t.Fatal(err)
	}
	mw, err := moved(backend, manager.Store, manager.Lifetime)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/before", manager.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		manager.Put(r.Context(), "visits", 41)
	})))
	mux.Handle("/after", mw.Handler(http.HandlerFunc(visit)))
	checkVisits(t, mux, "/before", "", "/after", "visit 42\n", "/after", "visit 43\n")
	if n := backend.Len(); n != 1 {
		t.Errorf("%d records are stored, want only the new one", n)
	}
}

// TestKept: new sessions are kept in a store of scs.
func TestKept(t *testing.T) {
	store := memstore.New()
	mw, err := kept(store)
	if err != nil {
		t.Fatal(err)
	}
	checkVisits(t, mw.Handler(http.HandlerFunc(visit)), "/", "visit 1\n", "/", "visit 2\n")
	if all, err := store.All(); err != nil || len(all) != 1 {
		t.Errorf("%d records are stored, %v, want 1", len(all), err)
	}
}

// checkVisits gets pages with one browser; after each path follows the answer.
func checkVisits(t *testing.T, handler http.Handler, pathsAndAnswers ...string) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	defer server.Close()
	browser := server.Client()
	var err error
	if browser.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pathsAndAnswers); i += 2 {
		response, err := browser.Get(server.URL + pathsAndAnswers[i])
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || string(body) != pathsAndAnswers[i+1] {
			t.Errorf("%s: %d %q, %v, want %q", pathsAndAnswers[i], response.StatusCode, body, err, pathsAndAnswers[i+1])
		}
	}
}
