package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/internal/process"
)

// folder is removed when all tests are done.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "example-flask-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

var compileOnce = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "flask")
	output, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, output)
	}
	return path, err
})

func compile(t *testing.T) string {
	t.Helper()
	path, err := compileOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// pythons returns the interpreters with a Flask.
func pythons(t *testing.T) []string {
	t.Helper()
	found, err := peers.Pythons("flask")
	switch {
	case err == nil:
		return found
	case os.Getenv("CI") == "true":
		t.Fatalf("%v, and in CI nothing is skipped", err)
	}
	t.Skipf("%v (make test installs it where it can)", err)
	return nil
}

// serve starts the real program and returns it with its URL.
func serve(t *testing.T, python string) (*process.Process, string) {
	t.Helper()
	addr := process.Address(process.Port(t))
	site := "http://" + addr
	p := process.Start(t, compile(t), process.Options{
		Args: []string{"-addr", addr, "-python", python, "-secret", "dev"},
		Ready: func() error {
			response, err := http.Get(site + "/healthz")
			if err == nil {
				response.Body.Close()
			}
			return err
		},
	})
	return p, site
}

// browser keeps cookies.
type browser struct {
	t      *testing.T
	url    string
	accept string
	client *http.Client
}

func newBrowser(t *testing.T, url string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, url, "text/html", &http.Client{Jar: jar}}
}

// do returns the body of a page, or of what a form led to.
func (b *browser) do(method, path string, pairs ...string) string {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", b.accept)
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 200 {
		b.t.Errorf("%s %s: got %s %v\n%.500s", method, path, response.Status, err, body)
	}
	return string(body)
}

func (b *browser) get(path string) string { b.t.Helper(); return b.do("GET", path) }
func (b *browser) post(path string, pairs ...string) string {
	b.t.Helper()
	return b.do("POST", path, pairs...)
}

// values returns the session as one side sees it.
func (b *browser) values(side string) map[string]any {
	b.t.Helper()
	var whole struct{ Values map[string]any }
	if err := json.Unmarshal([]byte(b.get(side+"/session")), &whole); err != nil {
		b.t.Fatal(err)
	}
	return whole.Values
}

// check wants text in a page.
func (b *browser) check(page string, wanted ...string) {
	b.t.Helper()
	for _, text := range wanted {
		if !strings.Contains(page, text) {
			b.t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

var sides = []struct{ here, there, name, other string }{
	{"/flask", "/go", "Flask", "Go"},
	{"/go", "/flask", "Go", "Flask"},
}

// TestOneSession does on one side and looks at the other, with every Flask of
// this machine.
func TestOneSession(t *testing.T) {
	for _, python := range pythons(t) {
		t.Run(filepath.Base(filepath.Dir(python)), func(t *testing.T) {
			_, site := serve(t, python)
			for _, s := range sides {
				t.Run("from "+s.name, func(t *testing.T) {
					b := newBrowser(t, site)
					b.check(b.get("/"), "Flask") // leads to the Flask side
					b.check(b.get(s.there+"/"), "Nothing yet.")

					b.post(s.here+"/login", "user", "Zoë <b>")
					b.check(b.get(s.there+"/"), "Zoë &lt;b&gt;, you are in <em>"+s.other+"</em>")
					b.post(s.here+"/cart", "item", "Assam", "add", "2")
					b.post(s.there+"/cart", "item", "Sencha", "add", "1")
					b.check(b.get(s.here+"/"), `aria-label="Assam in the cart">2<`, `aria-label="Sencha in the cart">1<`)
				})
			}
		})
	}
}

// TestFlashesCross says something on one side and hears it on the other, once.
func TestFlashesCross(t *testing.T) {
	_, site := serve(t, pythons(t)[0])
	for _, s := range sides {
		b := newBrowser(t, site)
		b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			r.URL.Path = "/healthz" // instead of the page that shows the message
			return nil
		}
		b.post(s.here+"/login", "user", "ada")
		message := s.name + " welcomes ada."
		b.check(b.get(s.there+"/"), `class="message success">`+message)
		if strings.Contains(b.get(s.there+"/"), message) || strings.Contains(b.get(s.here+"/"), message) {
			t.Errorf("%q is shown twice", message)
		}
	}
}

// TestTypesSurvive makes one value of each type on one side, and lets the other
// change something else.
func TestTypesSurvive(t *testing.T) {
	_, site := serve(t, pythons(t)[0])
	types := map[string]map[string]string{
		"/flask": {"order": "tuple", "order_id": "UUID", "ordered_at": "datetime", "seal": "bytes", "thanks": "Markup", "cart": "dict"},
		"/go":    {"order": "Tuple", "order_id": "uuid.UUID", "ordered_at": "time.Time", "seal": "[]byte", "thanks": "Markup", "cart": "map"},
	}
	for _, s := range sides {
		b := newBrowser(t, site)
		b.post(s.here+"/cart", "item", "Assam", "add", "2")
		b.post(s.here + "/order")
		made := b.values(s.here)
		b.post(s.there+"/login", "user", "ada")
		b.get(s.there + "/") // takes the messages
		after := b.values(s.here)
		for key := range types[s.here] {
			if after[key] == nil || fmt.Sprint(after[key]) != fmt.Sprint(made[key]) || fmt.Sprint(after[key]) != fmt.Sprint(b.values(s.there)[key]) {
				t.Errorf("from %s: %s was %v, is %v, and %v on the other side", s.name, key, made[key], after[key], b.values(s.there)[key])
			}
		}
		for side, names := range types {
			page := b.get(side + "/")
			for key, name := range names {
				_, row, _ := strings.Cut(page, `scope="row">`+key+"<")
				row, _, _ = strings.Cut(row, "</tr>")
				if !strings.Contains(row, ">"+name+"<") {
					t.Errorf("from %s: %s is no %s in %s:\n%s", s.name, key, name, side, row)
				}
			}
		}
	}
}

// TestSharingRoutes are those that every application has that shares sessions.
func TestSharingRoutes(t *testing.T) {
	_, site := serve(t, pythons(t)[0])
	for _, s := range sides {
		b := newBrowser(t, site)
		for _, side := range []string{s.here, s.there} {
			b.check(b.get(side+"/get-session"), `"message":null`)
		}
		b.check(b.get(s.here+"/set-session"), `"ok":true`)
		for _, side := range []string{s.here, s.there} {
			b.check(b.get(side+"/get-session"), `"message":"`+s.here[1:]+`"`)
		}
		b.check(b.get(s.there+"/delete-session"), `"ok":true`)
		b.check(b.get(s.here+"/get-session"), `"message":null`)
	}
}

func TestLogoutOfBoth(t *testing.T) {
	_, site := serve(t, pythons(t)[0])
	for _, s := range sides {
		b := newBrowser(t, site)
		b.accept = "application/json"
		b.check(b.post(s.here+"/login", "user", "ada"), `"user":"ada"`)
		b.check(b.post(s.there+"/logout"), `"ok":true`)
		for _, side := range []string{s.here, s.there} {
			if values := b.values(side); len(values) != 0 {
				t.Errorf("%s still has %v", side, values)
			}
		}
	}
}

// TestOtherSitesStayOut protects both sides.
func TestOtherSitesStayOut(t *testing.T) {
	_, site := serve(t, pythons(t)[0])
	for _, s := range sides {
		r, _ := http.NewRequest("POST", site+s.here+"/login", strings.NewReader("user=eve"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusForbidden || response.Header["Set-Cookie"] != nil {
			t.Errorf("%s: got %s", s.name, response.Status)
		}
	}
}

// TestFlaskEndsWithUs kills the Go program, which then cannot clean up.
func TestFlaskEndsWithUs(t *testing.T) {
	python := pythons(t)[0]
	flask, err := startFlask(python, "dev")
	if err != nil {
		t.Fatal(err)
	}
	// A dead process closes its end of the pipe, and so do we.
	flask.stdin.Close()
	select {
	case <-flask.ended:
	case <-time.After(20 * time.Second):
		_ = flask.cmd.Process.Kill()
		t.Error("Flask goes on")
	}
}

// TestWeEndWithFlask kills Flask.
func TestWeEndWithFlask(t *testing.T) {
	p, _ := serve(t, pythons(t)[0])
	children, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.Pid()))
	if err != nil || len(children) == 0 {
		t.Skip("this system does not tell the children of a process")
	}
	for _, file := range children {
		data, _ := os.ReadFile(file)
		for child := range strings.FieldsSeq(string(data)) {
			if err := kill(child); err != nil {
				t.Errorf("child %s: %v", child, err)
			}
		}
	}
	deadline := time.After(20 * time.Second)
	for p.Running() {
		select {
		case <-deadline:
			t.Fatal("the program goes on without Flask")
		case <-time.After(10 * time.Millisecond):
		}
	}
	if log := string(p.Log()); !strings.Contains(log, "example/flask: flask has ended") {
		t.Errorf("the program does not say why it ended:\n%s", log)
	}
}

// kill ends a process at once.
func kill(id string) error {
	pid, err := strconv.Atoi(id)
	if err != nil {
		return err
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}

func TestBadFlags(t *testing.T) {
	program := compile(t)
	for _, c := range []struct{ args, env, want string }{
		{"-addr 8080", "", "host:port"},
		{"", "ADDR=8080", "host:port"},
		{"-port 1", "", "flag provided but not defined: -port"},
		{"x", "", "unexpected argument"},
		{"-python /bin/false", "", "apt install python3-flask"},
		{"", "PYTHON=/bin/false", "apt install python3-flask"},
	} {
		cmd := exec.Command(program, strings.Fields(c.args)...)
		cmd.Env = strings.Fields(c.env)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		_ = cmd.Run()
		got := stderr.String()
		if code := cmd.ProcessState.ExitCode(); code != 2 || stdout.Len() > 0 || strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "example/flask: ") || !strings.Contains(got, c.want) {
			t.Errorf("%s %s: got exit code %d\n%s%swant 2 and one line with %q", c.env, c.args, code, &stdout, got, c.want)
		}
	}
	output, err := exec.Command(program, "-help").Output()
	if err != nil || string(output) != help {
		t.Errorf("-help: got %v\n%s", err, output)
	}
}
