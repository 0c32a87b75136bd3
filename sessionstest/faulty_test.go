package sessionstest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/sessionstest"
)

func TestF26_Faulty(t *testing.T) {
	ctx := t.Context()
	for _, test := range []struct {
		faults sessionstest.Faults
		want   error
		effect bool
	}{
		{sessionstest.Faults{}, nil, true},
		{sessionstest.Faults{Before: 1}, sessionstest.ErrInjected, false},
		{sessionstest.Faults{After: 1}, sessionstest.ErrInjected, true},
		{sessionstest.Faults{After: 1, Err: errOwn}, errOwn, true},
		{sessionstest.Faults{Before: 1, Ops: []backends.Op{backends.OpRead}}, nil, true},
		{sessionstest.Faults{Before: 1, Ops: []backends.Op{backends.OpWrite}}, sessionstest.ErrInjected, false},
	} {
		backend, faulty := memory.New(nil), sessionstest.NewFaulty(1)
		b := backends.Intercept(backend, faulty.Intercept)
		faulty.Set(test.faults)
		_, err := b.Write(ctx, "id", backends.Record{Data: []byte("a"), TTL: time.Hour})
		if !errors.Is(err, test.want) {
			t.Errorf("%+v: got %v, want %v", test.faults, err, test.want)
		}
		if effect, _ := backend.Exists(ctx, "id"); effect != test.effect {
			t.Errorf("%+v: effect %v, want %v", test.faults, effect, test.effect)
		}
		if before, after := faulty.Injected(); (before+after == 1) != (test.want != nil) {
			t.Errorf("%+v: %d and %d failures are counted", test.faults, before, after)
		}
		faulty.Set(sessionstest.Faults{})
		if _, err := b.Read(ctx, "id"); err != nil && test.effect {
			t.Errorf("%+v: after it was healed: %v", test.faults, err)
		}
	}
}

func TestF26_FaultyShares(t *testing.T) {
	run := func(seed uint64) (outcomes string, before, after int) {
		faulty := sessionstest.NewFaulty(seed)
		faulty.Set(sessionstest.Faults{Before: 0.2, After: 0.1})
		b := backends.Intercept(memory.New(nil), faulty.Intercept)
		for range 1000 {
			err := b.Remove(t.Context(), "id")
			outcomes += fmt.Sprint(err != nil, " ")
		}
		before, after = faulty.Injected()
		return outcomes, before, after
	}
	first, before, after := run(1)
	if before < 150 || before > 250 || after < 50 || after > 120 {
		t.Errorf("of 1000 operations %d failed before and %d after, want about 200 and 80", before, after)
	}
	if again, _, _ := run(1); again != first {
		t.Error("the same seed made other failures")
	}
	if other, _, _ := run(2); other == first {
		t.Error("another seed made the same failures")
	}
}

// TestF26_FaultyCountsItsOwn: what the backend refuses by itself is not an
// injected failure.
func TestF26_FaultyCountsItsOwn(t *testing.T) {
	faulty := sessionstest.NewFaulty(1)
	faulty.Set(sessionstest.Faults{After: 1})
	b := backends.Intercept(memory.New(nil), faulty.Intercept)
	if _, err := b.Read(t.Context(), "absent"); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if before, after := faulty.Injected(); before+after != 0 {
		t.Errorf("%d and %d failures are counted, want none", before, after)
	}
}

func TestF26_FaultyPanics(t *testing.T) {
	effects := map[bool]int{}
	for seed := range uint64(20) {
		backend, faulty := memory.New(nil), sessionstest.NewFaulty(seed)
		faulty.Set(sessionstest.Faults{Panic: 1})
		b := backends.Intercept(backend, faulty.Intercept)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			b.Write(t.Context(), "id", backends.Record{Data: []byte("a"), TTL: time.Hour})
		}()
		effects[backend.Len() == 1]++
	}
	if effects[true] == 0 || effects[false] == 0 {
		t.Errorf("of 20 panics %d came after the effect and %d before, want both", effects[true], effects[false])
	}
}

func TestF26_FaultyDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faulty := sessionstest.NewFaulty(1)
		faulty.Set(sessionstest.Faults{Delay: time.Second})
		b := backends.Intercept(memory.New(nil), faulty.Intercept)
		start := time.Now()
		for range 100 {
			b.Remove(t.Context(), "id")
		}
		if d := time.Since(start); d < 40*time.Second || d > 60*time.Second {
			t.Errorf("100 operations took %v, want about 50 s", d)
		}
		faulty.Set(sessionstest.Faults{Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Remove(ctx, "id"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want that the context ended", err)
		}
	})
}

// TestF26_FaultyIsTransparent: a backend with faults has the abilities of the
// backend, and without any faults keeps all of its rules.
func TestF26_FaultyIsTransparent(t *testing.T) {
	sessionstest.TestBackend(t, func(t *testing.T) backends.Backend {
		return backends.Intercept(memory.New(nil), sessionstest.NewFaulty(1).Intercept)
	}, bubble)
}
