package browser_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/browser"
)

// app is a small application behind our middleware.
type app struct {
	url string // http://localhost:port, where browsers keep Secure cookies

	mu     sync.Mutex
	events []sessions.Event
}

// newApp serves an application whose pages show the user in <h1>:
//
//	/            a read
//	/login?user  a new ID and the user
//	/logout      the end
//	/set?k&v     a write; &n makes the value n times as long
//	/slow?i      loads, waits, writes
//
// and the same below /app.
func newApp(t *testing.T, backend sessions.Backend, config sessions.Config) *app {
	t.Helper()
	a := new(app)
	config.Logger = slog.New(slog.DiscardHandler)
	config.Observe = func(_ context.Context, e sessions.Event) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.events = append(a.events, e)
	}
	mw, err := sessions.New(backend, &config)
	if err != nil {
		t.Fatal(err)
	}
	handle := func(do func(*http.Request, *sessions.Session) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			session, err := sessions.Load(r.Context())
			if err == nil {
				err = do(r, session)
			}
			if err != nil {
				sessions.Error(w, r, err)
				return
			}
			show(w, session)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", handle(func(*http.Request, *sessions.Session) error { return nil }))
	mux.HandleFunc("/login", handle(func(r *http.Request, s *sessions.Session) error {
		if err := s.RegenerateID(); err != nil {
			return err
		}
		return s.Set("user", r.FormValue("user"))
	}))
	mux.HandleFunc("/logout", handle(func(r *http.Request, s *sessions.Session) error { return s.Destroy(r.Context()) }))
	mux.HandleFunc("/forget", handle(func(r *http.Request, s *sessions.Session) error { return s.SetPersistent(false) }))
	mux.HandleFunc("/set", handle(func(r *http.Request, s *sessions.Session) error {
		var n int
		if _, err := fmt.Sscan(r.FormValue("n"), &n); err != nil {
			n = 1
		}
		return s.Set(r.FormValue("k"), strings.Repeat(r.FormValue("v"), n))
	}))
	mux.HandleFunc("/slow", handle(func(r *http.Request, s *sessions.Session) error {
		<-time.After(50 * time.Millisecond)
		return s.Set("seen"+r.FormValue("i"), true)
	}))
	mux.Handle("/app/", http.StripPrefix("/app", mux))
	server := httptest.NewServer(mw.Handler(mux))
	t.Cleanup(server.Close)
	a.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return a
}

func show(w http.ResponseWriter, s *sessions.Session) {
	user, _ := s.Get("user")
	if user == nil {
		user = "nobody"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><title>app</title><link rel=icon href="data:,"><h1>%s</h1>`, html.EscapeString(fmt.Sprint(user)))
}

// saw reports whether an event of a kind was reported.
func (a *app) saw(kind sessions.EventKind) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.events {
		if e.Kind == kind {
			return true
		}
	}
	return false
}

// user returns who the page is for.
func user(t *testing.T, p *browser.Page, url string) string {
	t.Helper()
	p.Goto(url)
	return p.Text("h1")
}

var (
	inMemory  = func() sessions.Backend { return memory.New(nil) }
	encrypted = func() sessions.Backend { return cookie.New(cookie.Encrypted(rand.Text() + rand.Text())) }
)
