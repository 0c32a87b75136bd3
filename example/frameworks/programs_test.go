package frameworks_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var block = regexp.MustCompile("(?ms)^```go\n(.*?)^```")

const page = "../../docs/frameworks.md"

// TestPage: every program of docs/frameworks.md is one of this module, every one of this
// module is there, and every other piece of Go is a piece of a stack.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var stacks strings.Builder
	for _, name := range []string{"stacks.go", "fiber.go", "shop/streams.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = stacks.Write(source)
	}
	shown := map[string]bool{}
	for _, b := range block.FindAllSubmatch(text, -1) {
		if code := string(b[1]); strings.Contains(code, "package main\n") {
			shown[code] = true
		} else if !strings.Contains(stacks.String(), code) {
			t.Errorf("the page shows what is in no stack:\n%s", code)
		}
	}
	for _, path := range programs(t) {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !shown[string(source)] {
			t.Errorf("the page does not show %s as it is", path)
		}
		delete(shown, string(source))
	}
	for code := range shown {
		t.Errorf("the page shows a program that is not here:\n%s", code)
	}
}

// programs returns the files of all programs.
func programs(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("programs/*/main.go")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d programs, %v", len(paths), err)
	}
	return paths
}

// TestPrograms: every program counts the visits of a client. It is built with another
// address than the one that it names.
func TestPrograms(t *testing.T) {
	dir := t.TempDir()
	addresses, replace := map[string]string{}, map[string]string{}
	for _, path := range programs(t) {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(filepath.Dir(path))
		addresses[name] = freeAddress(t)
		changed := strings.Replace(string(source), "localhost:8080", addresses[name], 1)
		if changed == string(source) {
			t.Fatalf("%s does not listen on localhost:8080", path)
		}
		whole, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		replace[whole] = filepath.Join(dir, name+".go")
		if err := os.WriteFile(replace[whole], []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-overlay", file, "-o", dir+"/bin/", "./programs/...")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			program := exec.Command(filepath.Join(dir, "bin", name))
			if err := program.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = program.Process.Kill(); _ = program.Wait() }()
			url, method, request, want := "http://"+address+"/", http.MethodGet, "", "visit %d"
			switch name {
			case "huma":
				want = `"visits":%d`
			case "connect":
				url, method, request, want = url+"visits.v1.Visits/Count", http.MethodPost, "{}", `"%d"`
			}
			cookie := ""
			for n := 1; n <= 2; n++ {
				var text string
				text, cookie = ask(t, method, url, request, cookie)
				if want := fmt.Sprintf(want, n); !strings.Contains(text, want) {
					t.Errorf("got %q, want %q", text, want)
				}
			}
		})
	}
}

// ask sends a request until the program listens, and returns the answer and the cookie
// that the client now has.
func ask(t *testing.T, method, url, body, cookie string) (text, newCookie string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) { //rules:allow because it waits for another process
		r, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Cookie", cookie)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
			continue
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range response.Cookies() {
			cookie = c.Name + "=" + c.Value
		}
		return string(answer), cookie
	}
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
