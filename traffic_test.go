package sessions_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
)

// The load tests in this file are short forms of tests that run for minutes on a
// machine of their own. They send the same requests and check the same invariants, but
// fewer of both, and set no limits on times that a busy machine would exceed.

// latencies collects the durations of requests.
type latencies struct {
	mu   sync.Mutex
	list []time.Duration
}

func (l *latencies) of(f func()) {
	begin := time.Now()
	f()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, time.Since(begin))
}

// at returns the latency that the share p of the requests does not exceed.
func (l *latencies) at(p float64) time.Duration {
	slices.Sort(l.list)
	return l.list[int(p*float64(len(l.list)-1))]
}

func (l *latencies) String() string {
	return fmt.Sprintf("p50 %v, p99 %v, p99.9 %v", l.at(.5), l.at(.99), l.at(.999))
}

// TestL1_MostlyReading: 95 of a hundred requests only read. There is no error, no lost
// write, and hardly more writes than changes, although every request counts as use.
// The long form runs for ten minutes.
func TestL1_MostlyReading(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		const workers, visitors = 8, 16
		counted, writes := writing(b)
		mw := newMiddleware(t, counted, &sessions.Config{IdleTimeout: time.Hour, Timeout: 20 * time.Second})
		var all []*client
		for range visitors {
			all = append(all, start(t, mw, routes{"/count": increment(t)}))
		}
		writes.Store(0)
		var took latencies
		changes := make([]atomic.Int64, visitors)
		each := scale(2000)
		together(workers, func(worker int) {
			for i := range each {
				who := (i + worker) % visitors
				path := "/who"
				if i%20 == 19 {
					path = "/count"
					changes[who].Add(1)
				}
				w := httptest.NewRecorder()
				took.of(func() { all[who].handler.ServeHTTP(w, all[who].request(path)) })
				if w.Code != 200 || path == "/who" && w.Body.String() != "ada" {
					t.Errorf("%s: status %d, %q", path, w.Code, w.Body)
				}
			}
		})
		t.Logf("%v, %.3f writes a request", &took, float64(writes.Load())/float64(workers*each))
		// Each conflict causes one more write.
		if most := int64(workers*each) * 6 / 100; writes.Load() > most {
			t.Errorf("%d writes for %d requests, want at most %d", writes.Load(), workers*each, most)
		}
		if !slices.Contains(backends.Abilities(b), backends.CanSwap) {
			return // it may lose some, as the documentation says
		}
		for i, c := range all {
			in(c, mw, func(r *http.Request, s *sessions.Session) {
				if n, err := visits.Get(s); int64(n) != changes[i].Load() || err != nil {
					t.Errorf("visitor %d: got %d, %v, want %d", i, n, err, changes[i].Load())
				}
			})
		}
	})
}

// TestL2_LoginStorm: many visitors log in at once. Each gets a session and a token of
// their own, and nothing else is stored. The long form has ten thousand a second.
func TestL2_LoginStorm(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		const workers = 16
		mw := newMiddleware(t, b, &sessions.Config{Timeout: 20 * time.Second})
		each := scale(200)
		tokens := make([][]string, workers)
		together(workers, func(worker int) {
			for range each {
				c := start(t, mw, nil)
				before := c.cookies["__Host-session"]
				if response := c.get("/login"); response.StatusCode != 200 || len(response.Cookies()) != 1 {
					t.Errorf("status %d, cookies %v", response.StatusCode, response.Cookies())
				}
				tokens[worker] = append(tokens[worker], before, c.cookies["__Host-session"])
			}
		})
		all := slices.Concat(tokens...)
		slices.Sort(all)
		if unique := len(slices.Compact(all)); unique != 2*workers*each {
			t.Errorf("%d different tokens, want %d", unique, 2*workers*each)
		}
		if live, tombstones := records(t, b); live != workers*each || tombstones != workers*each {
			t.Errorf("%d sessions and %d tombstones, want %d of each", live, tombstones, workers*each)
		}
	})
}

// TestL3_B12_HotSession: two hundred concurrent requests change one session. All
// succeed, no change is lost, and none waits much longer than the others. A busy
// machine may delay some requests, but hardly three times in a row.
func TestL3_B12_HotSession(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		if !slices.Contains(backends.Abilities(b), backends.CanSwap) {
			return // it may lose some, as the documentation says
		}
		for try := 1; ; try++ {
			took := hotSession(t, b)
			t.Log(took)
			switch {
			case took.at(.99) <= max(10*took.at(.5), 500*time.Millisecond):
				return
			case try == 3:
				t.Errorf("some wait much longer than others, %d times in a row: %v", try, took)
				return
			}
		}
	})
}

// hotSession lets two hundred concurrent requests change one session, and returns how
// long they took.
func hotSession(t *testing.T, b sessions.Backend) *latencies {
	const writers = 200
	mw := newMiddleware(t, b, &sessions.Config{Timeout: 20 * time.Second})
	c := start(t, mw, routes{"/count": increment(t)})
	rounds := max(scale(20), 2)
	var took latencies
	together(writers, func(int) {
		for range rounds {
			w := httptest.NewRecorder()
			took.of(func() { c.handler.ServeHTTP(w, c.request("/count")) })
			if w.Code != 200 {
				t.Errorf("status %d", w.Code)
			}
		}
	})
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		if n, err := visits.Get(s); n != writers*rounds || err != nil {
			t.Errorf("got %d, %v, want %d", n, err, writers*rounds)
		}
	})
	return &took
}
