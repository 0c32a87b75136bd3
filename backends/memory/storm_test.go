package memory_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/sessionstest"
)

// TestStorm: log out everywhere, limits and eviction, while sessions change
// their IDs.
func TestStorm(t *testing.T) {
	b := memory.New(nil)
	if err := sessionstest.Storm(t.Context(), b, 1000); err != nil {
		t.Error(err)
	}
	inspect(t, b)
}

// TestStormInSteps: the same where no record can be rotated in one step.
func TestStormInSteps(t *testing.T) {
	b := memory.New(nil)
	if err := sessionstest.Storm(t.Context(), inSteps{b}, 300); err != nil {
		t.Error(err)
	}
	inspect(t, b)
}

// inSteps hides that a backend can rotate.
type inSteps struct{ swapper }

type swapper interface {
	backends.Swapper
	backends.SubjectIndex
}

// TestEvictSparesWhatIsWorkedOn: who changes the ID of a session, or changes
// it, does not push it out.
func TestEvictSparesWhatIsWorkedOn(t *testing.T) {
	for _, ttl := range []time.Duration{time.Minute, 100 * time.Hour} { // the first to go, and the last
		b := memory.New(&memory.Options{MaxSessions: 10, Evict: true})
		for i := range 10 {
			write(t, b, fmt.Sprint(i), time.Duration(i+1)*time.Hour)
		}
		write(t, b, "own", ttl)
		if err := b.Swap(ctx, "own", []byte("data of own"), record("b", ttl)); err != nil {
			t.Errorf("Swap: %v", err)
		}
		if err := b.Rotate(ctx, "own", []byte("b"), record("tombstone", time.Second), "new", record("c", ttl)); err != nil {
			t.Errorf("Rotate: %v", err)
		}
		for _, id := range []string{"own", "new"} {
			if ok, err := b.Exists(ctx, id); !ok || err != nil {
				t.Errorf("after Rotate there is nothing under %q: %v", id, err)
			}
		}
		if b.Len() != 10 {
			t.Errorf("got %d records, want 10", b.Len())
		}
		inspect(t, b)
	}
}

// TestFullRotatesWithoutATombstone: a record that replaces another needs no
// room.
func TestFullRotatesWithoutATombstone(t *testing.T) {
	for _, options := range []memory.Options{{MaxSessions: 1}, {MaxSessions: 1, Evict: true}} {
		b := memory.New(&options)
		write(t, b, "old", time.Hour)
		if err := b.Rotate(ctx, "old", []byte("data of old"), backends.Record{}, "new", record("c", time.Hour)); err != nil {
			t.Errorf("Rotate without a tombstone when full: %v", err)
		}
		if err := b.Rotate(ctx, "new", []byte("c"), record("m", time.Hour), "newer", record("d", time.Hour)); !errors.Is(err, memory.ErrFull) {
			t.Errorf("Rotate with a tombstone when there is room for one: got %v, want ErrFull", err)
		}
		if ok, err := b.Exists(ctx, "new"); !ok || err != nil || b.Len() != 1 {
			t.Errorf("after a Rotate that was refused: %v, %v, %d records", ok, err, b.Len())
		}
		inspect(t, b)
	}
}
