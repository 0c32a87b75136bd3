package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gosessions/sessions/browser"
)

// serve returns the address of a handler as http://localhost:port, where
// browsers keep Secure cookies without TLS.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

// TestBrowser: the harness itself: pages, forms, profiles, cookies.
func TestBrowser(t *testing.T) {
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := r.FormValue("name"); name != "" {
			http.SetCookie(w, &http.Cookie{Name: "name", Value: name, Path: "/"})
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		name := "nobody"
		if c, err := r.Cookie("name"); err == nil {
			name = c.Value
		}
		fmt.Fprintf(w, `<!doctype html><link rel=icon href="data:,"><h1>%s</h1><form method=post><input name=name value=x><button>go</button></form>`, name)
	}))
	page := browser.Open(t)
	page.Goto(url)
	if got := page.Text("h1"); got != "nobody" {
		t.Errorf("got %q, want nobody", got)
	}
	page.Fill("input", "ada")
	page.Submit("button")
	if got := page.Text("h1"); got != "ada" {
		t.Errorf("after the form: got %q, want ada", got)
	}
	page.Reload()
	tab := page.Tab()
	tab.Goto(url)
	if got := tab.Text("h1"); got != "ada" {
		t.Errorf("another tab: got %q, want ada", got)
	}
	other := browser.Open(t)
	other.Goto(url)
	if got := other.Text("h1"); got != "nobody" {
		t.Errorf("another person: got %q, want nobody", got)
	}
	if c := page.Cookie("name"); c == nil || c.Value != "ada" || c.Domain != "localhost" || !c.Session {
		t.Errorf("got the cookie %+v", c)
	}
	if c := other.Cookie("name"); c != nil {
		t.Errorf("another person has the cookie %+v", c)
	}
	if page.Has("h2") || !page.Has("h1") {
		t.Error("Has takes one for the other")
	}
	if problems := page.Problems(); len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
	page.Eval("setTimeout(() => { throw Error('oh') })", nil)
	page.Wait("new Promise(done => setTimeout(() => done(true), 20))")
	if problems := page.Problems(); len(problems) != 1 || !strings.Contains(problems[0], "oh") {
		t.Errorf("got the problems %q, want one with oh", problems)
	}
}
