package explore_test

import (
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gosessions/sessions/internal/explore"
)

// whole says that everything is to be explored, as `make explore` does, and not
// only what a test run has time for.
var whole = os.Getenv("EXPLORE") == "all"

// tally adds up what was run.
type tally struct {
	*testing.T
	mu     sync.Mutex
	name   string
	result explore.Result
	count  int // scenarios
	broken int
}

// newTally prints a line with the sums when the test ends.
func newTally(t *testing.T, name string) *tally {
	sum := &tally{T: t, name: name}
	t.Cleanup(func() {
		r := &sum.result
		t.Logf("explored | %s | %d scenarios | %d schedules | %d left off as equivalent | %d broken", name, sum.count, r.Schedules, r.Pruned, sum.broken)
		if r.Schedules == 0 {
			t.Errorf("%s: nothing was run", name)
		}
	})
	return sum
}

// shown is how many broken scenarios of one kind are printed with their steps.
const shown = 3

// explore runs s until it breaks, or to its end.
func (sum *tally) explore(s explore.Scenario, options explore.Options) {
	sum.Helper()
	options.Stop = 1
	if options.Random {
		h := fnv.New64a()
		_, _ = h.Write([]byte(s.Name()))
		options.Seed = h.Sum64()
	}
	result := s.Explore(sum.T, options)
	sum.mu.Lock()
	defer sum.mu.Unlock()
	sum.count++
	sum.result.Schedules += result.Schedules
	sum.result.Pruned += result.Pruned
	if result.First == nil {
		return
	}
	sum.broken++
	text := result.First.String()
	if sum.broken > shown {
		text, _, _ = strings.Cut(text, "\n")
		text += fmt.Sprintf(": %s", result.First.Schedule)
	}
	sum.Error(text)
}

// pairs calls f for every pair of the programs that mean something in setup.
func pairs(setup explore.Setup, programs []explore.Program, f func(a, b explore.Program)) {
	programs = meaningful(setup, programs)
	for i, a := range programs {
		for _, b := range programs[i:] {
			f(a, b)
		}
	}
}

// meaningful returns the programs that mean something in setup. What ends or
// moves a session for good cannot do so where its token is the session.
func meaningful(setup explore.Setup, programs []explore.Program) []explore.Program {
	if !setup.Replays {
		return programs
	}
	return slices.DeleteFunc(slices.Clone(programs), func(p explore.Program) bool {
		return slices.ContainsFunc([]explore.Program{regenerate, login, revoke, revokeAll, revokeOthers}, func(q explore.Program) bool {
			return strings.HasPrefix(p.Name, q.Name) && p.Name != visit.Name
		})
	})
}

// thorough are the setups of which a test run explores every pair, and not only a
// few schedules of each.
var thorough = []string{inMemory.Name, newest2.Name}

// TestPairs: every order of every two requests, on every store.
func TestPairs(t *testing.T) {
	for _, setup := range setups {
		t.Run(setup.Name, func(t *testing.T) {
			t.Parallel()
			sum := newTally(t, "pairs, "+setup.Name)
			options := sample(3)
			if slices.Contains(thorough, setup.Name) {
				options = explore.Options{}
			}
			pairs(setup, everything, func(a, b explore.Program) {
				sum.explore(explore.Scenario{Setup: setup, Requests: []explore.Program{a, b}}, options)
			})
		})
	}
}

// TestPairsInOneProcess: the same in one process, where requests take turns.
func TestPairsInOneProcess(t *testing.T) {
	for _, setup := range setups {
		t.Run(setup.Name, func(t *testing.T) {
			t.Parallel()
			sum := newTally(t, "pairs in one process, "+setup.Name)
			options := few(setup, 1)
			if setup.Name == inMemory.Name {
				options = explore.Options{}
			}
			pairs(setup, everything, func(a, b explore.Program) {
				sum.explore(explore.Scenario{Setup: setup, Requests: []explore.Program{a, b}, Together: true}, options)
			})
		})
	}
}

// TestPairsWithAFault: every two requests with a fault at every step: a few
// schedules of each, or all of them.
func TestPairsWithAFault(t *testing.T) {
	for _, setup := range setups {
		for _, together := range []bool{false, true} {
			name := setup.Name
			if together {
				name += ", one process"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				sum := newTally(t, "pairs with a fault, "+name)
				pairs(setup, everything, func(a, b explore.Program) {
					s := explore.Scenario{Setup: setup, Requests: []explore.Program{a, b}, Together: together, Faults: 1}
					sum.explore(s, few(setup, 1))
				})
			})
		}
	}
}

// sample is n schedules drawn at random, or all where the whole is explored.
func sample(n int) explore.Options {
	if whole {
		return explore.Options{}
	}
	return explore.Options{Random: true, Most: n}
}

// few is as sample, but where the whole is explored and setup takes so many steps
// that all orders would take days, only the orders that switch once between requests
// that could go on.
func few(setup explore.Setup, n int) explore.Options {
	options := sample(n)
	if whole && setup.Source != nil {
		options.Switches = 1
	}
	return options
}

// meeting are the requests whose triples matter: each ends a session, moves it,
// or stores something that must not be lost.
var meeting = []explore.Program{set, count, take, regenerate, login, destroy, saveBack, transact, revokeAll, from(revokeOthers, explore.Other)}

// TestTriples: every three of the requests that matter.
func TestTriples(t *testing.T) {
	for _, setup := range setups {
		t.Run(setup.Name, func(t *testing.T) {
			t.Parallel()
			sum := newTally(t, "triples, "+setup.Name)
			options := few(setup, 1)
			if whole && setup.Name != inMemory.Name {
				options.Switches = 1
			}
			programs := meaningful(setup, meeting)
			for i, a := range programs {
				pairs(setup, programs[i:], func(b, c explore.Program) {
					sum.explore(explore.Scenario{Setup: setup, Requests: []explore.Program{a, b, c}}, options)
				})
			}
		})
	}
}

// TestTwoFaults: one request alone, with two faults.
func TestTwoFaults(t *testing.T) {
	for _, setup := range setups {
		t.Run(setup.Name, func(t *testing.T) {
			t.Parallel()
			sum := newTally(t, "one request with two faults, "+setup.Name)
			for _, p := range meaningful(setup, everything) {
				s := explore.Scenario{Setup: setup, Requests: []explore.Program{p}, Faults: 2}
				sum.explore(s, few(setup, 10))
			}
		})
	}
}
