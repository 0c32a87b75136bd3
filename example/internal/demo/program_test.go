package demo

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// compiled is the real program.
type compiled struct{ path string }

// folder is removed when all tests are done.
var folder string

var compileOnce = sync.OnceValues(func() (compiled, error) {
	p := compiled{filepath.Join(folder, "example")}
	output, err := exec.Command("go", "build", "-o", p.path, "../..").CombinedOutput()
	if err != nil {
		err = errors.New(string(output))
	}
	return p, err
})

// compile builds the program, once for all tests.
func compile(t *testing.T) compiled {
	t.Helper()
	p, err := compileOnce()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// command has an environment that says nothing but what env does.
func (p compiled) command(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(p.path, args...)
	cmd.Env = env
	return cmd
}

// run waits for the end of the program.
func (p compiled) run(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := p.command(env, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	if !timer.Stop() {
		t.Errorf("%v: the program goes on", args)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// serving is a program that serves.
type serving struct {
	cmd    *exec.Cmd
	url    string
	stderr bytes.Buffer
}

// serve starts the program at a free port, and waits for the address.
func (p compiled) serve(t *testing.T, env []string, args ...string) *serving {
	t.Helper()
	s := &serving{cmd: p.command(env, append([]string{"-addr", "127.0.0.1:0"}, args...)...)}
	s.cmd.Stderr = &s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	})
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	if s.url = regexp.MustCompile(`http://\S+`).FindString(line); s.url == "" {
		t.Fatalf("the first line is %q", line)
	}
	go io.Copy(io.Discard, stdout)
	return s
}

// stop asks the program to end and returns its exit code.
func (s *serving) stop(t *testing.T) int {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

// TestProgram starts as a newcomer does, and ends while a request is under way.
func TestProgram(t *testing.T) {
	s := compile(t).serve(t, nil)
	response, err := http.Get(s.url + "/healthz")
	if err != nil || response.StatusCode != 200 {
		t.Fatal(response, err)
	}
	result := make(chan error)
	begun := make(chan struct{}) // the server asks for the body
	go func() {
		trace := &httptrace.ClientTrace{Got100Continue: func() { close(begun) }}
		r, _ := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "POST", s.url+"/slow", strings.NewReader("key=k&value=1&ms=500"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Expect", "100-continue")
		response, err := (&http.Transport{ExpectContinueTimeout: time.Minute}).RoundTrip(r)
		if err == nil && (response.StatusCode != 200 || response.Header.Get("Set-Cookie") == "") {
			err = errors.New(response.Status)
		}
		result <- err
	}()
	select {
	case <-begun:
	case err := <-result:
		t.Fatal("the server asked for no body: ", err)
	}
	if code := s.stop(t); code != 0 || s.stderr.String() != "" {
		t.Errorf("got exit code %d\n%s", code, &s.stderr)
	}
	if err := <-result; err != nil {
		t.Errorf("the request that was under way: %v", err)
	}
}

// TestRandomKey wants one warning where a key is needed and none is given.
func TestRandomKey(t *testing.T) {
	p := compile(t)
	for _, c := range []struct {
		args []string
		env  []string
		want int
	}{
		{nil, nil, 0},
		{[]string{"-backend", "cookie"}, nil, 1},
		{[]string{"-backend", "cookie", "-codec", "encrypted"}, nil, 1},
		{[]string{"-backend", "cookie"}, []string{"SECRET_KEY=" + secret}, 0},
		{[]string{"-backend", "cookie", "-secret", secret}, nil, 0},
	} {
		s := p.serve(t, c.env, c.args...)
		response, err := http.Get(s.url + "/set-session")
		if err != nil || response.StatusCode != 200 {
			t.Error(response, err)
		}
		s.stop(t)
		if got := strings.Count(s.stderr.String(), "warning:"); got != c.want {
			t.Errorf("%v: got %d warnings, want %d:\n%s", c.args, got, c.want, &s.stderr)
		}
	}
}

// TestAddressInUse: an address in use is not a usage error.
func TestAddressInUse(t *testing.T) {
	p := compile(t)
	s := p.serve(t, nil)
	code, _, stderr := p.run(t, nil, "-addr", strings.TrimPrefix(s.url, "http://"))
	if code != 1 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("got exit code %d\n%s", code, stderr)
	}
}
