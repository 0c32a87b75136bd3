package process_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/process"
)

func shell(t process.T, script string, options process.Options) *process.Process {
	options.Args = []string{"-c", script}
	return process.New(t, "/bin/sh", options)
}

func TestStartWaitsUntilReady(t *testing.T) {
	calls := 0
	p := shell(t, "sleep 60", process.Options{Ready: func() error {
		if calls++; calls < 3 {
			return errors.New("not yet")
		}
		return nil
	}})
	if err := p.Start(); err != nil || calls != 3 || !p.Running() {
		t.Errorf("got %v after %d calls, want a running process after 3", err, calls)
	}
	first := p.Pid()
	if err := p.Start(); err != nil || p.Pid() != first {
		t.Errorf("a second Start: %v, process %d, want %d still", err, p.Pid(), first)
	}
	if err := p.Restart(); err != nil || p.Pid() == first {
		t.Errorf("Restart: %v, process %d, want another one", err, p.Pid())
	}
}

func TestStartReportsWhatWentWrong(t *testing.T) {
	never := func() error { return errors.New("closed") }
	p := shell(t, "echo no luck; exit 3", process.Options{Ready: never})
	if err := p.Start(); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("a program that ends: got %v, want its last words", err)
	}
	p = shell(t, "sleep 60", process.Options{Ready: never, Within: 50 * time.Millisecond})
	if err := p.Start(); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a program that never answers: got %v, want the reason", err)
	}
}

func TestRun(t *testing.T) {
	if err := shell(t, "exit 0", process.Options{}).Run(time.Minute); err != nil {
		t.Error(err)
	}
	if err := shell(t, "echo oh; exit 3", process.Options{}).Run(time.Minute); err == nil || !strings.Contains(err.Error(), "oh") {
		t.Errorf("got %v, want its last words", err)
	}
	if err := shell(t, "sleep 60", process.Options{}).Run(50 * time.Millisecond); err == nil {
		t.Error("a program that takes too long: no error")
	}
}

func TestKillTakesTheChildrenAlong(t *testing.T) {
	child := filepath.Join(t.TempDir(), "child")
	// One child is given up: its parent ends at once.
	p := shell(t, fmt.Sprintf("(sleep 60 & echo $! > %s); sleep 60", child), process.Options{Ready: func() error {
		if pid, _ := os.ReadFile(child); len(pid) == 0 {
			return errors.New("no child yet")
		}
		return nil
	}})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	p.Freeze()
	p.Kill()
	pid, err := os.ReadFile(child)
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
	if err == nil && !strings.Contains(string(stat), ") Z ") {
		t.Errorf("the child is alive: %s", stat)
	}
	p.Kill() // does nothing
}

// TestKillTakesLateChildrenAlong: a server that forks a child for every
// connection does so until it is dead.
func TestKillTakesLateChildrenAlong(t *testing.T) {
	for range 5 {
		seconds := fmt.Sprintf("60%d", os.Getpid()) // for which nobody else sleeps
		script := "i=0; while [ $i -lt 200 ]; do sleep " + seconds + " & i=$((i+1)); [ $i != 50 ] || echo up; done; wait"
		p := shell(t, script, process.Options{Chatty: true})
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		for !strings.Contains(string(p.Log()), "up") {
			<-time.After(time.Millisecond)
		}
		p.Kill()
		lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if text, _ := os.ReadFile(line); strings.HasPrefix(string(text), "sleep\x00"+seconds) {
				t.Errorf("%s is alive: %q", line, text)
				pid, _ := strconv.Atoi(strings.Split(line, "/")[2])
				if late, err := os.FindProcess(pid); err == nil {
					late.Kill()
				}
			}
		}
	}
}

func TestStopAsksFirst(t *testing.T) {
	p := shell(t, `trap "echo bye; exit" TERM; echo up; while :; do sleep 0.01; done`, process.Options{})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(string(p.Log()), "up") {
		<-time.After(time.Millisecond)
	}
	p.Stop(10 * time.Second)
	if !strings.Contains(string(p.Log()), "bye") || p.Running() {
		t.Errorf("running: %t, log: %q, want a good end", p.Running(), p.Log())
	}
}

func TestLasting(t *testing.T) {
	var life process.Lasting
	var dir string
	err := life.Try(func(t process.T) {
		dir = process.Dir(t, nil)
		t.Fatalf("oh %s", "no")
		dir = "went on after Fatalf"
	})
	if err == nil || err.Error() != "oh no" || !life.Failed() {
		t.Errorf("got %v, want oh no", err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the folder is gone before Close: %v", err)
	}
	life.Close()
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is there after Close: %v", err)
	}
	if err := life.Try(func(process.T) {}); err != nil {
		t.Errorf("a second try: got the error of the first, %v", err)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"1", "2"} {
		if err := os.MkdirAll(filepath.Join(dir, version), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, version, "some-program"), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := process.Find("some-program", dir+"/*"); err != nil || got != filepath.Join(dir, "2", "some-program") {
		t.Errorf("got %s, %v, want the newest", got, err)
	}
	if got, err := process.Find("some-other-program", dir+"/*"); err == nil {
		t.Errorf("got %s, want an error", got)
	}
}

func TestPortsDiffer(t *testing.T) {
	seen := map[int]bool{}
	for range 50 {
		port := process.Port(t)
		if seen[port] || port < 15000 || port >= 30000 {
			t.Errorf("got %d, again or out of range", port)
		}
		seen[port] = true
	}
}
