package browser_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gosessions/sessions/browser"
	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/internal/process"
	"github.com/gosessions/sessions/internal/services"
)

// built are the demo's programs, made once for all tests.
var built struct {
	sync.Mutex
	dir   string
	paths map[string]string
}

// build returns the path of a program of the module above us.
func build(t *testing.T, name string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if built.paths == nil {
		var life process.Lasting
		if err := life.Try(func(t process.T) { built.dir = process.Dir(t, nil) }); err != nil {
			t.Fatal(err)
		}
		built.paths = map[string]string{}
	}
	if path, ok := built.paths[name]; ok {
		return path
	}
	path := filepath.Join(built.dir, strings.ReplaceAll(name, "/", "-"))
	if out, err := exec.Command("go", "build", "-C", "..", "-o", path, "./"+name).CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", name, err, out)
	}
	built.paths[name] = path
	return path
}

// demo starts a program of the example and returns its address.
func demo(t *testing.T, name, health string, args ...string) string {
	t.Helper()
	port := process.Port(t)
	url := "http://localhost:" + strconv.Itoa(port)
	process.Start(t, build(t, name), process.Options{
		Args: append([]string{"-addr", process.Address(port)}, args...),
		Ready: func() error {
			response, err := http.Get("http://" + process.Address(port) + health)
			if err != nil {
				return err
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusOK {
				return fmt.Errorf("status %d", response.StatusCode)
			}
			return nil
		},
	})
	return url
}

// row is the selector of a row in the table of the session's values.
func rows(p *browser.Page) (text string) {
	p.Eval(`[...document.querySelectorAll("tbody tr")].map(r => [...r.cells].slice(0, 3).map(c => c.innerText.trim()).join(" | ")).join("\n")`, &text)
	return text
}

func contains(t *testing.T, what, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%s: got %q, want it to contain %q", what, got, w)
		}
	}
}

// TestDemo: a person walks through the demo, on every backend.
func TestDemo(t *testing.T) {
	backends := map[string]func() []string{
		"memory":           func() []string { return nil },
		"cookie-flask":     func() []string { return []string{"-backend", "cookie", "-codec", "flask", "-secret", "dev"} },
		"cookie-starlette": func() []string { return []string{"-backend", "cookie", "-codec", "starlette", "-secret", "dev"} },
		"cookie-jwt": func() []string {
			return []string{"-backend", "cookie", "-codec", "jwt", "-secret", strings.Repeat("7fQz", 8)}
		},
		"cookie-encrypted": func() []string {
			return []string{"-backend", "cookie", "-codec", "encrypted", "-secret", "Zm9yIHRoaXMgdGVzdCBvbmx5LCBub3QgYSBzZWNyZXQ"}
		},
		"redis":    func() []string { return []string{"-backend", "redis", "-redis", services.Redis(t)} },
		"postgres": func() []string { return []string{"-backend", "postgres", "-postgres", services.Postgres(t)} },
	}
	for name, args := range backends {
		t.Run(name, func(t *testing.T) {
			url := demo(t, "example", "/healthz", args()...)
			page := browser.Open(t)
			page.Size(1280, 900)
			page.Goto(url)
			if cookies := page.Cookies(); len(cookies) != 0 {
				t.Errorf("a first look: got the cookies %v, want none", cookies)
			}

			page.Submit(`form[action="/cart"] button`)
			if got := page.Text("output"); got != "1" {
				t.Errorf("in the cart: got %q, want 1", got)
			}
			contains(t, "the session", rows(page), "cart")

			person := "ada-" + rand.Text()[:8] // others may have logged in to a shared server
			page.Fill("#user", person)
			page.Submit(`form[action="/login"] button`)
			contains(t, "after login", page.Text("h1"), person)
			if !page.Has(".message") {
				t.Error("after login: no flash message")
			}
			page.Reload()
			if page.Has(".message") {
				t.Error("the flash message shows twice")
			}
			if got := page.Text("output"); got != "1" {
				t.Errorf("in the cart after login: got %q, want 1", got)
			}

			page.Fill("#key", "note")
			page.Fill("#value", `[1, 2.0, "<script>alert(1)</script>"]`)
			page.Submit(`form[action="/set"] button`)
			contains(t, "the session", rows(page), "note", "2.0", "<script>alert(1)</script>")
			page.Screenshot(filepath.Join(t.ArtifactDir(), "wide.png"))
			if n := len(page.Cookies()); n != 1 {
				t.Errorf("got %d cookies, want 1", n)
			}
			page.Submit(`button[aria-label="Delete note"]`)
			if got := rows(page); strings.Contains(got, "note") {
				t.Errorf("after deleting: got %q", got)
			}

			if page.Has(".devices") {
				other := browser.Open(t)
				other.Goto(url)
				other.Fill("#user", person)
				other.Submit(`form[action="/login"] button`)
				page.Reload()
				var devices int
				page.Eval(`document.querySelectorAll(".devices li").length`, &devices)
				if devices != 2 {
					t.Errorf("got %d devices, want 2", devices)
				}
				page.Submit(`button[value="others"]`)
				other.Reload()
				contains(t, "the device that was logged out", other.Text("h1"), "stranger")
				page.Reload()
				contains(t, "the device that stays", page.Text("h1"), person)
			} else if !strings.HasPrefix(name, "cookie") {
				t.Error("no list of devices")
			}

			page.Submit(`form[action="/logout"] button`)
			contains(t, "after logout", page.Text("h1"), "stranger")
			page.Goto(url)
			contains(t, "after logout", page.Text("h1"), "stranger")
			if problems := page.Problems(); len(problems) > 0 {
				t.Errorf("problems: %q", problems)
			}
		})
	}
}

// TestFlaskDemo: a person moves between Flask and Go.
func TestFlaskDemo(t *testing.T) {
	python, err := peers.FindPython("flask")
	if err != nil {
		peers.Flask(t, peers.FlaskOptions{}) // skips, or fails in CI
	}
	url := demo(t, "example/flask", "/go/", "-python", python)
	page := browser.Open(t)
	page.Size(1280, 900)
	page.Goto(url + "/flask/")
	page.Fill("#user", "ada")
	page.Submit(`form[action="/flask/login"] button`)
	page.Submit(`form[action="/flask/cart"] button`)
	page.Goto(url + "/go/")
	contains(t, "in Go", page.Text("h1"), "ada", "Go")
	if got := page.Text("output"); got != "1" {
		t.Errorf("in the cart: got %q, want 1", got)
	}
	page.Submit(`button[value="1"]`)
	page.Screenshot(filepath.Join(t.ArtifactDir(), "go.png"))
	page.Goto(url + "/flask/")
	contains(t, "in Flask", page.Text("h1"), "ada", "Flask")
	page.Screenshot(filepath.Join(t.ArtifactDir(), "flask.png"))
	if n := len(page.Cookies()); n != 1 {
		t.Errorf("got %d cookies, want one that both share: %v", n, page.Cookies())
	}
	page.Submit(`form[action="/flask/logout"] button`)
	page.Goto(url + "/go/")
	if got := page.Text("h1"); strings.Contains(got, "ada") {
		t.Errorf("after Flask's logout: got %q in Go", got)
	}
	if problems := page.Problems(); len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
}
