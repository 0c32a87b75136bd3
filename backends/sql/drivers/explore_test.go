package drivers_test

import (
	"hash/fnv"
	"os"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/sql"
	"github.com/gosessions/sessions/internal/explore"
)

// request is one with the session's own cookie that loads the session first.
func request(name string, f func(q *explore.Caller) error) explore.Program {
	return explore.Program{Name: name, Carries: []string{explore.Main}, Run: func(q *explore.Caller) error {
		if err := q.Load(); err != nil {
			return err
		}
		return f(q)
	}}
}

// requests are those that meet in the store: each ends a session, moves it, or
// stores something that must not be lost.
var requests = []explore.Program{
	request("set", func(q *explore.Caller) error { return q.Set("k", 2) }),
	request("count", func(q *explore.Caller) error { return q.Increment("n", nil) }),
	request("take", func(q *explore.Caller) error { return q.Take("t") }),
	request("regenerate", func(q *explore.Caller) error { return q.RegenerateID() }),
	request("log in", func(q *explore.Caller) error {
		if err := q.RegenerateID(); err != nil {
			return err
		}
		return q.SetSubject(explore.Owner)
	}),
	request("destroy", func(q *explore.Caller) error { return q.Destroy() }),
	request("transact", func(q *explore.Caller) error {
		return q.Transact(func(t *explore.Caller) error { return t.Increment("n", nil) })
	}),
	request("log out everywhere", func(q *explore.Caller) error { return q.RevokeAll(explore.Owner) }),
	request("log out elsewhere", func(q *explore.Caller) error { return q.RevokeOthers() }),
}

// TestSchedules: pairs of requests on real databases, in orders drawn at random,
// without a fault and with one. EXPLORE=all draws a hundred orders of each pair.
func TestSchedules(t *testing.T) {
	most := 1
	if os.Getenv("EXPLORE") == "all" {
		most = 100
	}
	faults := []explore.Fault{explore.Refused, explore.Lost, explore.Cut, explore.Killed, explore.KilledAfter}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			d := s.open(t)
			b := sql.New(gatedPool(t, s.driver, d.dsn), s.dialect, &sql.Options{SweepEvery: -1})
			t.Cleanup(func() { _ = b.Close() })
			setup := explore.Setup{Name: s.name, Real: true, Store: func() sessions.Backend {
				d.sql(`DELETE FROM sessions`)
				return b
			}}
			schedules := 0
			for n := range 2 {
				for i, first := range requests {
					for _, second := range requests[i:] {
						scenario := explore.Scenario{Setup: setup, Requests: []explore.Program{first, second}, Faults: n, Kinds: faults}
						h := fnv.New64a()
						_, _ = h.Write([]byte(scenario.Name()))
						result := scenario.Explore(t, explore.Options{Random: true, Most: most, Stop: 1, Seed: h.Sum64()})
						schedules += result.Schedules
						if result.First != nil {
							t.Error(result.First.String())
						}
					}
				}
			}
			if schedules < 90 {
				t.Errorf("only %d schedules were run", schedules)
			}
			t.Logf("%d schedules", schedules)
		})
	}
}
