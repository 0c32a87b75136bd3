package faults_test

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gosessions/sessions"
)

// plan says what world a test needs.
type plan struct {
	// backend makes the backend of one instance. It is closed at the end if it
	// can be.
	backend func(t *testing.T) sessions.Backend
	// timeout is Config.Timeout: what a load may take, and what a commit may
	// take with all that it does to find out what happened; default 500 ms.
	timeout time.Duration
	// forgets tells that the store may lose sessions, all or some of them.
	forgets bool
	// loses tells that the store may lose what it acknowledged last, changes and
	// ends of sessions alike. How much is counted.
	loses bool
	// ballast makes every session larger by so many bytes.
	ballast int
	// users is how many there are; default 6.
	users int
	// quiet is how long a user waits between two requests; default 2 ms.
	quiet time.Duration
	// breaks, if not "", is the invariant that this world breaks on purpose, so
	// that it is seen to be checked.
	breaks invariant
	// leaks returns how many connections the store still has; nil: not checked.
	leaks func() int
}

// world is two instances over one store, and their users.
type world struct {
	judge
	plan
	t         *testing.T
	instances []*httptest.Server
	client    *http.Client
	users     []*user
	ctx       context.Context // ends the users' work
	stop      context.CancelFunc
	wait      sync.WaitGroup

	operations, refused, conflicts atomic.Int64
	faults                         atomic.Int64
	slowest, lateness              atomic.Int64 // nanoseconds
	recovery                       atomic.Pointer[recovery]
	slowestRecovery                time.Duration
	small                          string // the token of a visitor who only looks
	remark                         string // what is to be said besides, by the strike

	failuresMu sync.Mutex
	failures   map[string]int
}

// newWorld starts the instances. All of it is closed and checked at the end of
// the test.
func newWorld(t *testing.T, p plan) *world {
	t.Helper()
	if p.users == 0 {
		p.users = 6
	}
	if p.timeout == 0 {
		p.timeout = 500 * time.Millisecond
	}
	if p.quiet == 0 {
		p.quiet = 2 * time.Millisecond
	}
	w := &world{plan: p, t: t}
	if p.loses {
		w.excused = []invariant{noLostUpdate, noResurrection, cookieSurvives}
	}
	before := []goleak.Option{goleak.IgnoreCurrent()}
	for _, f := range goroutinesOfOthers {
		before = append(before, goleak.IgnoreAnyFunction(f))
	}
	w.ctx, w.stop = context.WithCancel(context.Background())
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	w.client = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	var backends []sessions.Backend
	t.Cleanup(func() {
		w.stop()
		w.wait.Wait()
		transport.CloseIdleConnections()
		for _, instance := range w.instances {
			instance.Close()
		}
		for _, b := range backends {
			if c, ok := b.(io.Closer); ok {
				c.Close()
			}
		}
		w.checkNothingLeft(before)
		if p.breaks != "" {
			if w.count(p.breaks) == 0 {
				t.Errorf("nothing was noticed, and this was broken: %s", p.breaks)
			}
			return
		}
		w.judge.report(t)
		if t.Failed() || testing.Verbose() {
			for text, n := range w.failures {
				t.Logf("%5d × %s", n, text)
			}
		}
	})
	for range 2 {
		b := p.backend(t)
		backends = append(backends, b)
		mw, err := sessions.New(b, &sessions.Config{Timeout: p.timeout, Observe: w.observe})
		if err != nil {
			t.Fatal(err)
		}
		instance := httptest.NewUnstartedServer(application(mw))
		instance.Config.ErrorLog = log.New(io.Discard, "", 0)
		instance.Start()
		w.instances = append(w.instances, instance)
	}
	return w
}

// observe counts failures by what was said of them, for those who look into a
// test that fails.
func (w *world) observe(_ context.Context, e sessions.Event) {
	if e.Kind != sessions.EventFailed {
		return
	}
	w.failuresMu.Lock()
	defer w.failuresMu.Unlock()
	if w.failures == nil {
		w.failures = make(map[string]int)
	}
	w.failures[e.Err.Error()]++
}

// failedBy reports whether there was a failure of which text is a part.
func (w *world) failedBy(text string) bool {
	w.failuresMu.Lock()
	defer w.failuresMu.Unlock()
	for failure := range w.failures {
		if strings.Contains(failure, text) {
			return true
		}
	}
	return false
}

// checkNothingLeft is I7. Connections that were cut off are given the 15 seconds
// that their clients take to part.
func (w *world) checkNothingLeft(before []goleak.Option) {
	end := time.Now().Add(20 * time.Second)
	if w.breaks != "" {
		end = time.Now().Add(time.Second)
	}
	for {
		err := goleak.Find(before...)
		connections := 0
		if w.leaks != nil {
			connections = w.leaks()
		}
		if err == nil && connections == 0 {
			return
		}
		if time.Now().After(end) {
			w.broken(nothingLeftOver, "%d connections; %v", connections, err)
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// response is what a user gets.
type response struct {
	answer
	status  int
	token   string // from Set-Cookie, if any
	started time.Time
}

const cookieName = "__Host-session"

// texts are what the middleware says in a handler's place.
var texts = map[int]string{
	http.StatusServiceUnavailable: "Sessions are not available at the moment. Please try again.\n",
	http.StatusConflict:           "The session has changed or ended. Please try again.\n",
}

// do sends a request to one of the instances and checks what every response has
// to fulfil.
func (w *world) do(path, token string, form url.Values) response {
	r := response{started: time.Now()}
	request, err := http.NewRequest("POST", w.instances[rand.IntN(len(w.instances))].URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.broken(cleanResponse, "%s: %v", path, err)
		return r
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		request.Header.Set("Cookie", cookieName+"="+token)
	}
	res, err := w.client.Do(request)
	if err != nil {
		w.broken(cleanResponse, "%s: %v", path, err)
		return r
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	took := time.Since(r.started)
	w.operations.Add(1)
	r.status = res.StatusCode
	for _, c := range res.Cookies() {
		if c.Name == cookieName && c.MaxAge >= 0 {
			r.token = c.Value
		}
	}
	w.judgeWait(path, took)
	switch r.status {
	case http.StatusOK, http.StatusUnauthorized:
		if err != nil || json.Unmarshal(body, &r.answer) != nil || r.Mark != handlerMark {
			w.broken(cleanResponse, "%s: %d with %q, %v", path, r.status, body, err)
		}
		if r.status == http.StatusOK {
			w.noteSuccess(r.started)
		}
	case http.StatusServiceUnavailable, http.StatusConflict:
		if string(body) != texts[r.status] || len(res.Cookies()) > 0 || (r.status == 503) != (res.Header.Get("Retry-After") != "") {
			w.broken(cleanResponse, "%s: %d with %q and %v", path, r.status, body, res.Header)
		}
		if r.status == http.StatusConflict {
			w.conflicts.Add(1)
		} else {
			w.refused.Add(1)
		}
	default:
		w.broken(cleanResponse, "%s: %d with %q", path, r.status, body)
	}
	return r
}

// judgeWait is I5. A request loads and commits, each within its timeout, and the
// machine may be as late as it is with everything else.
func (w *world) judgeWait(path string, took time.Duration) {
	raise(&w.slowest, int64(took))
	late := time.Duration(w.lateness.Load())
	if limit := 2*w.timeout + 100*time.Millisecond; took > limit+late {
		w.broken(boundedWait, "%s took %v, and timers are late by up to %v", path, took, late)
	}
}

// canary measures how late timers are on this machine, until the world ends.
func (w *world) canary() {
	const nap = 5 * time.Millisecond
	for w.ctx.Err() == nil {
		began := time.Now()
		time.Sleep(nap)
		raise(&w.lateness, int64(time.Since(began)-nap))
	}
}

func raise(max *atomic.Int64, value int64) {
	for {
		old := max.Load()
		if value <= old || max.CompareAndSwap(old, value) {
			return
		}
	}
}
