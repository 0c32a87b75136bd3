package browser_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/browser"
)

// private keeps pages from the browser's cache, and so from its back button.
func private(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// TestBackButton: after a logout the back button does not show a private page.
func TestBackButton(t *testing.T) {
	t.Parallel()
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	page := func(do func(*http.Request, *sessions.Session) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			session, err := sessions.Load(r.Context())
			if err == nil {
				err = do(r, session)
			}
			if err != nil {
				sessions.Error(w, r, err)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, `<!doctype html><title>page</title><link rel=icon href="data:,"><h1>user %s</h1>`, html.EscapeString(session.Subject()))
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/login", page(func(_ *http.Request, s *sessions.Session) error { return s.SetSubject("ada") }))
	mux.HandleFunc("/logout", page(func(r *http.Request, s *sessions.Session) error { return s.Destroy(r.Context()) }))
	account := page(func(*http.Request, *sessions.Session) error { return nil })
	mux.Handle("/private", private(account))
	mux.Handle("/cached", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, max-age=600")
		account(w, r)
	}))
	server := httptest.NewServer(mw.Handler(mux))
	t.Cleanup(server.Close)
	url := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)

	for path, want := range map[string]string{"/private": "user", "/cached": "user ada"} {
		p := browser.Open(t)
		p.Goto(url + "/login")
		p.Goto(url + path)
		if got := p.Text("h1"); got != "user ada" {
			t.Errorf("%s: %q, want user ada", path, got)
		}
		p.Goto(url + "/logout")
		p.Eval("history.back()", nil) // not Back, which waits for a page to load
		p.Wait(fmt.Sprintf("location.pathname === %q && document.readyState === 'complete'", path))
		if got := p.Text("h1"); got != want {
			t.Errorf("%s after going back: %q, want %q", path, got, want)
		}
	}
}

// TestRetryOverALogin: the script of the recipes sends a request again that came with
// the ID from before a login, and no other.
func TestRetryOverALogin(t *testing.T) {
	t.Parallel()
	recipes, err := os.ReadFile("../docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile("(?ms)^```js\n(.*?)^```").FindSubmatch(recipes)
	if script == nil {
		t.Fatal("docs/recipes.md has no script")
	}
	a := newApp(t, memory.New(nil), sessions.Config{})
	page := browser.Open(t)
	page.Goto(a.url + "/set?k=cart&v=full")
	var statuses []int
	page.Eval(fmt.Sprintf(`(async () => {
		%s
		const slow = [1, 2, 3].map(i => send("/slow?i=" + i));
		await send("/login?user=ada");
		return (await Promise.all(slow)).map(r => r.status);
	})()`, script[1]), &statuses)
	if fmt.Sprint(statuses) != "[200 200 200]" {
		t.Errorf("the requests over the login: status %v, want 200 for all", statuses)
	}
	if !a.saw(sessions.EventGone) && !a.saw(sessions.EventRetired) {
		t.Error("no request came with the old ID: the test shows nothing")
	}
	if got := user(t, page, a.url); got != "ada" {
		t.Errorf("after the login: %s, want ada", got)
	}
}
