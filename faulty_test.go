package sessions_test

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/internal/race"
	"github.com/gosessions/sessions/sessionstest"
)

// TestL4_F26_FaultyBackend: an application counts, logs in and logs out over a backend
// that fails at random, before or after it applies an operation. What was confirmed
// was applied, what was refused was not, and what failed may have been. The long form
// of the test takes an hour; `make reliability` has real faults.
func TestL4_F26_FaultyBackend(t *testing.T) {
	for _, strict := range []bool{false, true} {
		t.Run(fmt.Sprint("strict=", strict), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { runFaulty(t, strict) })
		})
	}
}

func runFaulty(t *testing.T, strict bool) {
	const visitors, clients = 10, 4
	rounds := 2000
	if race.Enabled || testing.Short() {
		rounds = 60
	}
	faulty := sessionstest.NewFaulty(1)
	mw, err := sessions.New(backends.Intercept(memory.New(nil), faulty.Intercept), &sessions.Config{
		RefuseConflicts: strict, DisableBreaker: true, Lifetime: 24 * time.Hour,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	faults := func(random *rand.Rand) {
		faulty.Set(sessionstest.Faults{
			Before: random.Float64() * 0.2, After: random.Float64() * 0.2,
			Delay: time.Duration(random.IntN(20)) * time.Millisecond,
		})
	}
	app := mw.Handler(http.HandlerFunc(serveFaulty))
	var all sync.WaitGroup
	for i := range visitors {
		all.Go(func() {
			random := rand.New(rand.NewPCG(2, uint64(i)))
			for life := range rounds / 20 {
				faults(random)
				v := &faultyVisitor{T: t, app: app, Visitor: sessionstest.NewVisitor(mw), name: fmt.Sprint(i, "/", life)}
				v.live(random, clients, 20)
			}
		})
	}
	all.Wait()
	if before, after := faulty.Injected(); before < rounds || after < rounds {
		t.Errorf("only %d and %d failures were injected", before, after)
	}
}

// serveFaulty counts at /count?key=K and destroys the session at /logout. Every answer
// contains the visitor's name.
func serveFaulty(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	name, err := session.Get("name")
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	switch r.URL.Path {
	case "/count":
		if name == nil {
			break // logged out
		}
		_, err = session.Update(r.FormValue("key"), func(old any) (any, error) {
			n, _ := old.(int64)
			return n + 1, nil
		})
	case "/logout":
		err = session.Destroy(r.Context())
	}
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	fmt.Fprint(w, name)
}

// pause lets other goroutines run.
func pause() {
	time.Sleep(50 * time.Millisecond) //rules:allow because its callers run in a bubble
}

// faultyVisitor is one person with several tabs.
type faultyVisitor struct {
	*testing.T
	*sessionstest.Visitor
	app  http.Handler
	name string

	mu   sync.Mutex
	sure map[string]int64 // confirmed counts, by key
	open map[string]int64 // counts of unknown outcome, by key
}

func (v *faultyVisitor) get(path string) *httptest.ResponseRecorder {
	return v.Do(v.app, httptest.NewRequest("POST", path, nil))
}

// live logs in, counts with several clients at once, and logs out while they continue
// to count.
func (v *faultyVisitor) live(random *rand.Rand, clients, rounds int) {
	v.sure, v.open = map[string]int64{}, map[string]int64{}
	for v.Session(func(s *sessions.Session) error { return s.Set("name", v.name) }) != nil {
		v.Visitor.Close()
	}
	v.together(clients, rounds, random)
	v.check()
	// After a confirmed logout, the old token leads to no session.
	var token []string
	v.Do(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { token = r.Header["Cookie"] }), httptest.NewRequest("GET", "/", nil))
	var tabs sync.WaitGroup
	for range clients {
		tabs.Go(func() { v.get("/count?key=late") })
	}
	out := func() bool {
		r := httptest.NewRequest("POST", "/logout", nil)
		r.Header["Cookie"] = token
		w := httptest.NewRecorder()
		v.app.ServeHTTP(w, r)
		return w.Code == http.StatusOK
	}
	for !out() {
		pause()
	}
	tabs.Wait()
	for {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Cookie"] = token
		w := httptest.NewRecorder()
		v.app.ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			if w.Body.String() != "<nil>" || len(token) == 0 {
				v.Errorf("after a confirmed logout %q is in again", w.Body)
			}
			return
		}
		pause()
	}
}

func (v *faultyVisitor) together(clients, rounds int, random *rand.Rand) {
	var tabs sync.WaitGroup
	for c := range clients {
		key := fmt.Sprint("key", c%2) // two tabs share a key
		turns := 1 + random.IntN(rounds/clients)
		tabs.Go(func() {
			for range turns {
				w := v.get("/count?key=" + key)
				v.mu.Lock()
				switch {
				case w.Code == http.StatusOK && w.Body.String() == v.name:
					v.sure[key]++
				case w.Code == http.StatusOK:
					v.Errorf("%q was answered as %q", v.name, w.Body)
				case w.Code == http.StatusServiceUnavailable:
					v.open[key]++
				case w.Code != http.StatusConflict:
					v.Errorf("got the status %d", w.Code)
				}
				v.mu.Unlock()
			}
		})
	}
	tabs.Wait()
}

// check compares what is stored with what was confirmed.
func (v *faultyVisitor) check() {
	for {
		err := v.Session(func(s *sessions.Session) error {
			for _, key := range []string{"key0", "key1"} {
				value, err := s.Get(key)
				if err != nil {
					return err
				}
				n, _ := value.(int64)
				if n < v.sure[key] || n > v.sure[key]+v.open[key] {
					v.Errorf("%s is %d: %d were confirmed and %d are unknown", key, n, v.sure[key], v.open[key])
				}
			}
			return nil
		})
		if err == nil {
			return
		}
	}
}
