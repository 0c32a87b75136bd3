package explore_test

import (
	"context"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/internal/explore"
)

// holds explores s and fails if a rule is broken. Of three requests with a session
// that moves there are tens of thousands of schedules: a test run draws some.
func holds(t *testing.T, s explore.Scenario) {
	t.Helper()
	start := time.Now()
	options := explore.Options{}
	if len(s.Requests) > 2 {
		options = few(s.Setup, 1500)
	}
	result := s.Explore(t, options)
	t.Logf("%s: %d schedules, %d pruned, %d broken in %v", s.Name(), result.Schedules, result.Pruned, result.Broken, time.Since(start).Round(time.Millisecond))
	if result.First != nil {
		t.Errorf("%v", result.First)
	}
	if result.Schedules == 0 {
		t.Errorf("%s: nothing was run", s.Name())
	}
}

// Each test below stands for a way in which a promise was broken. The letter and
// number are those of the report that found it.

func TestFindsA1_RevocationOfAChangingID(t *testing.T) {
	for _, p := range []explore.Program{from(revokeAll, explore.Other), from(revokeOthers, explore.Other), from(revokeAll)} {
		holds(t, explore.Scenario{Setup: inMemory, Requests: []explore.Program{regenerate, p}})
	}
}

func TestFindsA2_LogoutDuringAnImport(t *testing.T) {
	setup := imports
	holds(t, explore.Scenario{Setup: setup, Requests: []explore.Program{set, destroy}})
	holds(t, explore.Scenario{Setup: setup, Requests: []explore.Program{regenerate, destroy}})
	holds(t, explore.Scenario{Setup: setup, Requests: []explore.Program{set, count, destroy}})
}

func TestFindsA4_DestroyOfARetiredToken(t *testing.T) {
	for _, setup := range []explore.Setup{inMemory, noRotate, noTombstone} {
		holds(t, explore.Scenario{Setup: setup, Requests: []explore.Program{regenerate, destroy}})
	}
}

// TestFindsA4_DestroyAmongSeveralCookies: a planted cookie, and junk before the real one.
func TestFindsA4_DestroyAmongSeveralCookies(t *testing.T) {
	for _, p := range []explore.Program{
		from(destroy, explore.Other, explore.Main),
		from(destroy, explore.Junk, explore.Junk, explore.Main),
	} {
		holds(t, explore.Scenario{Setup: inMemory, Requests: []explore.Program{p}})
	}
}

func TestFindsA2_LogoutDuringAnImportThatChangesTheID(t *testing.T) {
	setup := imports
	for _, p := range []explore.Program{regenerate, login} {
		holds(t, explore.Scenario{Setup: setup, Requests: []explore.Program{p, destroy}})
		holds(t, explore.Scenario{Setup: setup, Requests: []explore.Program{p, set, destroy}})
	}
}

func TestFindsA3_SuccessForAnImportThatWasTakenBack(t *testing.T) {
	setup := importsConflate
	holds(t, explore.Scenario{Setup: setup, Requests: []explore.Program{set, destroy}})
}

// TestFindsA3_RefusalOfAnImportThatIsStored is the sibling of A3: a refusal of what is stored.
func TestFindsA3_RefusalOfAnImportThatIsStored(t *testing.T) {
	holds(t, explore.Scenario{Setup: importsFromConflate, Requests: []explore.Program{set, count}})
}

// TestFindsA2_ImportThatLivesTwice: both requests with the old cookie succeed, and the session lives twice.
func TestFindsA2_ImportThatLivesTwice(t *testing.T) {
	holds(t, explore.Scenario{Setup: imports, Requests: []explore.Program{set, set, regenerate}})
}

func TestFindsA5_TransactBesideSave(t *testing.T) {
	holds(t, explore.Scenario{Setup: inMemory, Requests: []explore.Program{transactBeside}})
}

func TestFindsA6_SaveOfUnknownOutcome(t *testing.T) {
	for _, p := range []explore.Program{saveBack, saveCount} {
		holds(t, explore.Scenario{Setup: inMemory, Requests: []explore.Program{p}, Faults: 2})
	}
}

func TestFindsA7_RevocationBeforeAnImport(t *testing.T) {
	setup := imports
	holds(t, explore.Scenario{Setup: setup, Requests: []explore.Program{read, from(revokeAll)}})
}

func TestFindsA8_MoreSessionsThanAllowed(t *testing.T) {
	holds(t, explore.Scenario{Setup: atMost3, Requests: []explore.Program{from(login), from(login)}})
	setup := newest2
	holds(t, explore.Scenario{Setup: setup, Requests: []explore.Program{from(login), from(login)}})
	holds(t, explore.Scenario{Setup: setup, Requests: []explore.Program{from(login), from(regenerate, explore.Other)}})
	holds(t, explore.Scenario{Setup: setup, Requests: []explore.Program{from(login)}, Faults: 1})
}

func TestFindsA9_UpdateThatUsesTheSession(t *testing.T) {
	for name, inside := range map[string]func(q *explore.Caller){
		"save":    func(q *explore.Caller) { ctx, s := q.Raw(); _ = s.Save(ctx) },
		"discard": func(q *explore.Caller) { _, s := q.Raw(); s.Discard() },
		"destroy": func(q *explore.Caller) { _ = q.Destroy() },
		"transact": func(q *explore.Caller) {
			ctx, s := q.Raw()
			_ = s.Transact(ctx, func(*sessions.Session) error { return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := program("update that calls "+name, func(q *explore.Caller) error {
				_ = q.Load()
				return q.Increment("n", func() { inside(q) })
			})
			holds(t, explore.Scenario{Setup: inMemory, Requests: []explore.Program{p, set}})
		})
	}
}

func TestFindsA9_ObserverThatLoads(t *testing.T) {
	setup := inMemory
	setup.Name = "memory, with an observer that loads the session"
	setup.Config.Observe = func(ctx context.Context, e sessions.Event) {
		if e.Kind == sessions.EventLoaded {
			_, _ = sessions.Load(ctx)
		}
	}
	holds(t, explore.Scenario{Setup: setup, Requests: []explore.Program{read}})
}

func TestFindsA9_WaitWithoutDeadline(t *testing.T) {
	holds(t, explore.Scenario{
		Setup: local, Requests: []explore.Program{set, count, take}, Together: true,
		Faults: 1, Kinds: []explore.Fault{explore.Late},
	})
}

func TestFindsA10_TouchOfARetiredToken(t *testing.T) {
	holds(t, explore.Scenario{Setup: idle, Requests: []explore.Program{read, regenerate}})
}

func TestFindsA13_RoundInCircles(t *testing.T) {
	setup := inMemory
	setup.Name, setup.Whole = "memory, revocation in one step", true
	holds(t, explore.Scenario{
		Setup: setup, Requests: []explore.Program{regenerate, from(revokeAll), from(revokeAll)},
		Faults: 1, Kinds: []explore.Fault{explore.Lost},
	})
}
