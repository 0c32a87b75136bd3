package explore_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/internal/explore"
	"github.com/gosessions/sessions/serializer"
)

// TestReductionLosesNothing: what is left out differs from what is run in no
// outcome.
func TestReductionLosesNothing(t *testing.T) {
	left := 0
	scenarios := []explore.Scenario{
		{Setup: inMemory, Requests: []explore.Program{set, regenerate}},
		{Setup: inMemory, Requests: []explore.Program{visit, revokeAll}},
		{Setup: inMemory, Requests: []explore.Program{count, from(count, explore.Other), destroy}},
		{Setup: inMemory, Requests: []explore.Program{take, from(revokeOthers, explore.Other)}, Faults: 1, Kinds: []explore.Fault{explore.Lost, explore.Killed}},
	}
	if whole { // a minute and more
		scenarios = append(scenarios,
			explore.Scenario{Setup: imports, Requests: []explore.Program{set, destroy}, Faults: 1, Kinds: []explore.Fault{explore.Cut}},
			explore.Scenario{Setup: importsNoRotate, Requests: []explore.Program{regenerate, from(regenerate, explore.Other)}})
	}
	for _, s := range scenarios {
		outcomes := map[bool]map[string]bool{true: {}, false: {}}
		runs := map[bool]int{}
		for _, plain := range []bool{true, false} {
			r := s.Explore(t, explore.Options{Plain: plain, Outcome: func(o string) { outcomes[plain][o] = true }})
			runs[plain] = r.Schedules
		}
		left += runs[true] - runs[false]
		all, reduced := slices.Sorted(maps.Keys(outcomes[true])), slices.Sorted(maps.Keys(outcomes[false]))
		if !slices.Equal(all, reduced) || len(all) == 0 {
			t.Errorf("%s: all %d schedules have %d outcomes, the %d chosen ones %d", s.Name(), runs[true], len(all), runs[false], len(reduced))
		}
	}
	if left <= 0 {
		t.Error("no schedule was left out")
	}
}

// planted is a store with a fault of its own.
type planted struct {
	*memory.Backend
	read   func(ctx context.Context, b *memory.Backend, id string) (sessions.Record, error)
	swap   func(ctx context.Context, b *memory.Backend, id string, old []byte, new sessions.Record) error
	rotate func(ctx context.Context, b *memory.Backend, id string, old []byte, tombstone sessions.Record, newID string, new sessions.Record) error
	revoke func(ctx context.Context, b *memory.Backend, subject, except string) (int, error)
}

func (p planted) Read(ctx context.Context, id string) (sessions.Record, error) {
	if p.read != nil {
		return p.read(ctx, p.Backend, id)
	}
	return p.Backend.Read(ctx, id)
}

func (p planted) Swap(ctx context.Context, id string, old []byte, new sessions.Record) error {
	if p.swap != nil {
		return p.swap(ctx, p.Backend, id, old, new)
	}
	return p.Backend.Swap(ctx, id, old, new)
}

func (p planted) Rotate(ctx context.Context, id string, old []byte, tombstone sessions.Record, newID string, new sessions.Record) error {
	if p.rotate != nil {
		return p.rotate(ctx, p.Backend, id, old, tombstone, newID, new)
	}
	return p.Backend.Rotate(ctx, id, old, tombstone, newID, new)
}

func (p planted) RevokeSubject(ctx context.Context, subject, except string) (int, error) {
	if p.revoke != nil {
		return p.revoke(ctx, p.Backend, subject, except)
	}
	return p.Backend.RevokeSubject(ctx, subject, except)
}

// plants are stores that break a promise each, and requests that show it.
var plants = []struct {
	name     string
	requests []explore.Program
	store    planted
}{
	{name: "forgets what it acknowledged", requests: []explore.Program{set}, store: planted{
		swap: func(ctx context.Context, b *memory.Backend, id string, old []byte, new sessions.Record) error {
			if old != nil {
				return nil
			}
			return b.Swap(ctx, id, old, new)
		},
	}},
	{name: "overwrites what another request stored", requests: []explore.Program{count, count}, store: planted{
		swap: func(ctx context.Context, b *memory.Backend, id string, old []byte, new sessions.Record) error {
			if old == nil || new.Data == nil {
				return b.Swap(ctx, id, old, new)
			}
			_, err := b.Write(ctx, id, new)
			return err
		},
	}},
	{name: "keeps what was removed", requests: []explore.Program{destroy}, store: planted{
		swap: func(ctx context.Context, b *memory.Backend, id string, old []byte, new sessions.Record) error {
			if new.Data == nil {
				return nil
			}
			return b.Swap(ctx, id, old, new)
		},
	}},
	{name: "brings back what was removed", requests: []explore.Program{set, destroy}, store: planted{
		swap: func(ctx context.Context, b *memory.Backend, id string, old []byte, new sessions.Record) error {
			err := b.Swap(ctx, id, old, new)
			if errors.Is(err, sessions.ErrNotFound) && new.Data != nil {
				return b.Swap(ctx, id, nil, new)
			}
			return err
		},
	}},
	{name: "keeps the old ID of a session", requests: []explore.Program{regenerate}, store: planted{
		rotate: func(ctx context.Context, b *memory.Backend, _ string, _ []byte, _ sessions.Record, newID string, new sessions.Record) error {
			return b.Swap(ctx, newID, nil, new)
		},
	}},
	{name: "remembers an old ID for a day", requests: []explore.Program{regenerate}, store: planted{
		rotate: func(ctx context.Context, b *memory.Backend, id string, old []byte, tombstone sessions.Record, newID string, new sessions.Record) error {
			var content serializer.Content
			format := serializer.Native(serializer.JSON)
			if err := format.Unpack(tombstone.Data, &content); err != nil {
				return err
			}
			content.Lifetime, tombstone.TTL = 24*time.Hour, 24*time.Hour
			var err error
			if tombstone.Data, err = format.Pack(&content); err != nil {
				return err
			}
			return b.Rotate(ctx, id, old, tombstone, newID, new)
		},
	}},
	{name: "revokes nobody", requests: []explore.Program{from(revokeAll)}, store: planted{
		revoke: func(context.Context, *memory.Backend, string, string) (int, error) { return 0, nil },
	}},
	{name: "spares nobody", requests: []explore.Program{revokeOthers}, store: planted{
		revoke: func(ctx context.Context, b *memory.Backend, subject, _ string) (int, error) {
			return b.RevokeSubject(ctx, subject, "")
		},
	}},
	{name: "never answers", requests: []explore.Program{read}, store: planted{
		read: func(context.Context, *memory.Backend, string) (sessions.Record, error) {
			<-time.After(24 * time.Hour)
			return sessions.Record{}, sessions.ErrNotFound
		},
	}},
}

// TestFindsWhatIsPlanted: every rule that the explorer checks is broken by a
// store that is wrong on purpose, and what it reports happens again when it is
// replayed.
func TestFindsWhatIsPlanted(t *testing.T) {
	for _, plant := range plants {
		t.Run(plant.name, func(t *testing.T) {
			s := explore.Scenario{Requests: plant.requests, Setup: explore.Setup{
				Name: plant.name,
				Store: func() sessions.Backend {
					store := plant.store
					store.Backend = memory.New(nil)
					return store
				},
			}}
			result := s.Explore(t, explore.Options{Stop: 1})
			if result.First == nil {
				t.Fatalf("%d schedules, and nothing was found", result.Schedules)
			}
			schedule, err := explore.ParseSchedule(result.First.Schedule.String())
			if err != nil {
				t.Fatal(err)
			}
			again := s.Replay(t, schedule)
			if again == nil || again.String() != result.First.String() {
				t.Errorf("found:\n%v\nreplayed:\n%v", result.First, again)
			}
		})
	}
}

func TestParseSchedule(t *testing.T) {
	for _, text := range []string{"", "A", "A B A", "A B:lost Ab:killed-after A:late"} {
		s, err := explore.ParseSchedule(text)
		if err != nil || s.String() != text {
			t.Errorf("%q: got %q, %v", text, s, err)
		}
	}
	for _, text := range []string{"A:unheard-of", ":lost"} {
		if _, err := explore.ParseSchedule(text); err == nil || !strings.Contains(err.Error(), "is not a turn") {
			t.Errorf("%q: got %v, want an error", text, err)
		}
	}
}

// TestGatedAbilities: a gated backend has exactly the abilities that are left.
func TestGatedAbilities(t *testing.T) {
	gate := func(ctx context.Context, _ explore.Step, next func(context.Context) error) error { return next(ctx) }
	all := []backends.Ability{backends.CanSwap, backends.CanTouch, backends.CanRotate, backends.CanSubjects}
	for mask := range 1 << len(all) {
		var without, want []backends.Ability
		for i, a := range all {
			if mask&(1<<i) != 0 {
				without = append(without, a)
			} else {
				want = append(want, a)
			}
		}
		got := backends.Abilities(explore.Gated(memory.New(nil), gate, without...))
		if !slices.Equal(got, want) {
			t.Errorf("without %v: got %v, want %v", without, got, want)
		}
	}
}
