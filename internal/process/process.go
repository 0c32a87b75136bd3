// Package process runs the programs that tests talk to: it starts them, waits
// until they answer, kills, freezes and restarts them, and sees to it that none
// outlives the test, however the test ends.
//
// Every process belongs to a [T]. It is killed when its test ends; should the
// whole test program be killed or panic, a small shell that notices the end of
// its standard input kills what is left and removes the temporary folders.
package process

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// T is what this package needs of a *testing.T, *testing.B or *testing.F.
type T interface {
	Helper()
	Cleanup(func())
	Failed() bool
	Name() string
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}

// Options say what to run and how.
type Options struct {
	Name string   // what messages call it; default: the program's name
	Args []string // without the program itself
	Dir  string   // working directory; default: the test's own
	Env  []string // appended to the environment
	User *User    // whose rights it runs with; nil: ours

	// Stdin, if set, is the standard input. Otherwise it is empty.
	Stdin io.Reader
	// Stdout, if set, receives the standard output. Otherwise it goes to the
	// log, as the standard error always does.
	Stdout *os.File
	// Chatty keeps the log out of the report of a failed test.
	Chatty bool
	// Files become the process's descriptors 3, 4 and so on.
	Files []*os.File

	// Ready returns nil as soon as the process answers. It is called again
	// and again until then; nil: a started process is ready.
	Ready func() error
	// Within bounds the wait for Ready; default 30 s.
	Within time.Duration
}

// A Process is a program under the control of a test. Its methods may be
// called from any goroutine, one after the other.
type Process struct {
	t       T
	path    string
	options Options
	log     *os.File

	mu    sync.Mutex
	cmd   *exec.Cmd     // nil before the first start
	ended chan struct{} // closed when cmd has ended
}

// Start runs the program and waits until it is ready. The test fails at once if
// the program ends before that, or takes too long.
func Start(t T, path string, options Options) *Process {
	t.Helper()
	p := New(t, path, options)
	if err := p.Start(); err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

// New prepares a process without starting it.
func New(t T, path string, options Options) *Process {
	t.Helper()
	if options.Name == "" {
		options.Name = path[strings.LastIndexByte(path, '/')+1:]
	}
	if options.Within == 0 {
		options.Within = 30 * time.Second
	}
	log, err := os.CreateTemp("", options.Name+"-*.log")
	if err != nil {
		t.Fatalf("process: %v", err)
	}
	reap("dir", log.Name())
	p := &Process{t: t, path: path, options: options, log: log}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() && !options.Chatty {
			t.Logf("last words of %s:\n%s", options.Name, tail(p.Log(), 4096))
		}
		log.Close()
		os.Remove(log.Name())
	})
	return p
}

// Start runs the program, unless it is running, and waits until it is ready.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		return nil
	}
	cmd := exec.Command(p.path, p.options.Args...)
	cmd.Dir = p.options.Dir
	cmd.Env = append(os.Environ(), p.options.Env...)
	cmd.Stdin, cmd.Stderr, cmd.Stdout = p.options.Stdin, p.log, p.log
	if p.options.Stdout != nil {
		cmd.Stdout = p.options.Stdout
	}
	cmd.ExtraFiles = p.options.Files
	if err := detach(cmd, p.options.User); err != nil {
		return fmt.Errorf("process: %s: %w", p.options.Name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("process: %s: %w", p.options.Name, err)
	}
	reap("pid", fmt.Sprint(cmd.Process.Pid))
	ended := make(chan struct{})
	p.cmd, p.ended = cmd, ended
	go func() {
		cmd.Wait()
		reap("gone", fmt.Sprint(cmd.Process.Pid))
		close(ended)
	}()
	return p.await()
}

// Run runs a program that ends by itself, and returns an error if it fails or
// takes longer than the time given.
func (p *Process) Run(within time.Duration) error {
	if err := p.Start(); err != nil {
		return err
	}
	select {
	case <-p.ended:
	case <-time.After(within):
		p.Kill()
		return fmt.Errorf("process: %s: not done after %v", p.options.Name, within)
	}
	if !p.cmd.ProcessState.Success() {
		return fmt.Errorf("process: %s: %v\n%s", p.options.Name, p.cmd.ProcessState, tail(p.Log(), 2048))
	}
	return nil
}

// await returns when the process is ready, or cannot become so any more.
func (p *Process) await() error {
	if p.options.Ready == nil {
		return nil
	}
	deadline := time.Now().Add(p.options.Within)
	for {
		err := p.options.Ready()
		if err == nil {
			return nil
		}
		if !p.running() {
			return fmt.Errorf("process: %s ended at its start:\n%s", p.options.Name, tail(p.Log(), 2048))
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("process: %s is not ready after %v: %w\n%s", p.options.Name, p.options.Within, err, tail(p.Log(), 2048))
		}
		select {
		case <-p.ended:
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (p *Process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Running reports whether the process is running, frozen or not.
func (p *Process) Running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running()
}

// Pid returns the process ID of the latest start.
func (p *Process) Pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Kill ends the process and its children the hard way (SIGKILL) and waits until
// they are gone. Killing what does not run does nothing.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return
	}
	// First keep it from starting more children, which would be missed.
	pid := p.cmd.Process.Pid
	signal([]int{pid}, sigstop)
	pids := family(pid)
	for again := family(pid); !slices.Equal(pids, again); again = family(pid) {
		pids = again
	}
	signal(pids, sigkill)
	<-p.ended
	for _, pid := range pids[1:] { // orphans, for which no process waits
		for deadline := time.Now().Add(5 * time.Second); alive(pid) && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
	}
}

// Stop asks the process to end (SIGTERM), and kills it if it has not done so
// within the time.
func (p *Process) Stop(within time.Duration) {
	p.mu.Lock()
	if p.running() {
		signal([]int{p.cmd.Process.Pid}, sigterm)
		select {
		case <-p.ended:
		case <-time.After(within):
		}
	}
	p.mu.Unlock()
	p.Kill()
}

// Restart kills the process if it is running and starts it anew with the same
// arguments.
func (p *Process) Restart() error {
	p.Kill()
	return p.Start()
}

// Freeze stops the process and its children in their tracks (SIGSTOP): their
// connections stay open, and nothing answers.
func (p *Process) Freeze() {
	p.each(sigstop)
	p.each(sigstop) // what it started before it was stopped itself
}

// Thaw lets a frozen process go on (SIGCONT).
func (p *Process) Thaw() { p.each(sigcont) }

func (p *Process) each(s sig) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		signal(family(p.cmd.Process.Pid), s)
	}
}

// Log returns what the process has written so far.
func (p *Process) Log() []byte {
	data, err := os.ReadFile(p.log.Name())
	if err != nil {
		return fmt.Appendf(nil, "no log: %v", err)
	}
	return data
}

// tail returns the last n bytes of data, from the beginning of a line.
func tail(data []byte, n int) []byte {
	if len(data) <= n {
		return data
	}
	data = data[len(data)-n:]
	return data[bytes.IndexByte(data, '\n')+1:]
}
