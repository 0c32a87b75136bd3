// Package browser drives a real Chromium, to test the pages and the cookies
// that the library sends. It needs only the program, to which it speaks the
// DevTools protocol over a pair of pipes.
package browser

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosessions/sessions/internal/process"
)

// T is what this package needs of a *testing.T, *testing.B or *testing.F.
type T = process.T

const patience = time.Minute

// chromium is a running browser without a window.
type chromium struct {
	next atomic.Int64

	writing sync.Mutex
	out     *os.File

	mu      sync.Mutex
	waiting map[int64]chan message
	pages   map[string]*Page // by session
	gone    error            // why no more answers come
}

// message is a command, an answer or an event.
type message struct {
	ID      int64           `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *protocolError  `json:"error,omitempty"`
}

type protocolError struct {
	Message string `json:"message"`
	Data    string `json:"data"`
}

// One browser does for all tests of a program: each page has its own profile.
var shared struct {
	once sync.Once
	*chromium
	err error
}

// find returns the path of the browser.
func find() (string, error) {
	path, err := process.Find("chromium", "/usr/lib/chromium")
	if err != nil {
		path, err = process.Find("google-chrome")
	}
	return path, err
}

// start returns the browser. A test that finds none is skipped, or fails in CI.
func start(t T) *chromium {
	t.Helper()
	path, err := find()
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatalf("browser: Chromium is missing, and in CI nothing is skipped")
	case err != nil:
		t.Skipf("needs Chromium (make check installs it where it can)")
	}
	shared.once.Do(func() {
		var life process.Lasting // ends with the program
		shared.err = life.Try(func(t T) { shared.chromium = launch(t, path) })
	})
	if shared.err != nil {
		t.Fatalf("%v", shared.err)
	}
	return shared.chromium
}

func launch(t T, path string) *chromium {
	in, theirOut := pipe(t)
	theirIn, out := pipe(t)
	args := []string{
		"--headless", "--remote-debugging-pipe", "--user-data-dir=" + process.Dir(t, nil),
		"--disable-gpu", "--disable-quic", "--disable-sync", "--disable-extensions", "--disable-component-update",
		"--disable-background-networking", "--disable-dev-shm-usage", "--disable-default-apps",
		"--no-first-run", "--no-default-browser-check", "--hide-scrollbars",
	}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // which refuses to work for root
	}
	process.Start(t, path, process.Options{
		Name: "chromium", Args: append(args, "about:blank"), Files: []*os.File{theirIn, theirOut}, Chatty: true,
	})
	theirIn.Close()
	theirOut.Close()
	c := &chromium{out: out, waiting: map[int64]chan message{}, pages: map[string]*Page{}}
	go c.read(in)
	if err := c.call("", "Browser.getVersion", nil, nil); err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

func pipe(t T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// read hands out what the browser says, until it says no more. Messages end in
// a zero byte.
func (c *chromium) read(in *os.File) {
	r := bufio.NewReaderSize(in, 1<<16)
	for {
		data, err := r.ReadBytes(0)
		if err != nil {
			c.end(err)
			return
		}
		var m message
		if err := json.Unmarshal(data[:len(data)-1], &m); err != nil {
			c.end(err)
			return
		}
		c.mu.Lock()
		answer := c.waiting[m.ID]
		delete(c.waiting, m.ID)
		page := c.pages[m.Session]
		c.mu.Unlock()
		switch {
		case m.ID != 0 && answer != nil:
			answer <- m
		case m.Method != "" && page != nil:
			page.event(m)
		}
	}
}

func (c *chromium) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = err
	for id, answer := range c.waiting {
		close(answer)
		delete(c.waiting, id)
	}
}

// call gives a command, to the browser or to the session of a page, and reads
// the answer into result.
func (c *chromium) call(session, method string, params, result any) error {
	m := message{ID: c.next.Add(1), Method: method, Session: session}
	if params != nil {
		data, err := json.Marshal(params)
		if err != nil {
			return err
		}
		m.Params = data
	}
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	answer := make(chan message, 1)
	c.mu.Lock()
	if c.gone != nil {
		defer c.mu.Unlock()
		return fmt.Errorf("browser: it is gone: %w", c.gone)
	}
	c.waiting[m.ID] = answer
	c.mu.Unlock()

	c.writing.Lock()
	_, err = c.out.Write(append(data, 0))
	c.writing.Unlock()
	if err != nil {
		return fmt.Errorf("browser: %w", err)
	}
	select {
	case got, ok := <-answer:
		switch {
		case !ok:
			return fmt.Errorf("browser: %s: it is gone", method)
		case got.Error != nil:
			return fmt.Errorf("browser: %s: %s %s", method, got.Error.Message, got.Error.Data)
		case result == nil:
			return nil
		}
		return json.Unmarshal(got.Result, result)
	case <-time.After(patience):
		return errors.New("browser: " + method + ": no answer")
	}
}

// args are the parameters of a command.
type args map[string]any
