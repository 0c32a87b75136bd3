package memory_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

var ctx = context.Background()

func record(data string, ttl time.Duration) backends.Record {
	return backends.Record{Data: []byte(data), TTL: ttl}
}

func write(t *testing.T, b *memory.Backend, id string, ttl time.Duration) {
	t.Helper()
	if _, err := b.Write(ctx, id, record("data of "+id, ttl)); err != nil {
		t.Fatal(err)
	}
}

func inspect(t *testing.T, b *memory.Backend) {
	t.Helper()
	if err := b.Inspect(); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		options *memory.Options
		want    string // part of the error
	}{
		{nil, ""},
		{&memory.Options{}, ""},
		{&memory.Options{MaxSessions: 1, Evict: true}, ""},
		{&memory.Options{MaxSessions: -1}, "Options.MaxSessions is -1"},
		{&memory.Options{Evict: true}, "Options.Evict without Options.MaxSessions"},
	} {
		err := memory.New(test.options).Describe().Err
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("Validate of %+v: got %v, want %q", test.options, err, test.want)
		}
	}
}

func TestRefusesNonsense(t *testing.T) {
	b := memory.New(nil)
	good := record("a", time.Hour)
	for name, err := range map[string]error{
		"Write without data":          second(b.Write(ctx, "id", record("", time.Hour))),
		"Write without TTL":           second(b.Write(ctx, "id", record("a", 0))),
		"Write with negative TTL":     second(b.Write(ctx, "id", record("a", -1))),
		"Swap of nothing for nothing": b.Swap(ctx, "id", nil, backends.Record{}),
		"Swap with empty data":        b.Swap(ctx, "id", nil, backends.Record{Data: []byte{}, TTL: 1}),
		"Touch without TTL":           second(b.Touch(ctx, "id", 0)),
		"Rotate without old data":     b.Rotate(ctx, "id", nil, good, "id2", good),
		"Rotate with a bad tombstone": b.Rotate(ctx, "id", good.Data, record("m", 0), "id2", good),
		"Rotate to a bad record":      b.Rotate(ctx, "id", good.Data, good, "id2", record("", 1)),
	} {
		if err == nil || errors.Is(err, backends.ErrNotFound) || errors.Is(err, backends.ErrConflict) {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
	if b.Len() != 0 {
		t.Errorf("%d records came of it", b.Len())
	}
}

func second[A any](_ A, err error) error { return err }

// TestEndOfTime: however long a record may live, counting from now must not
// overflow.
func TestEndOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		time.Sleep(time.Hour)
		write(t, b, "id", math.MaxInt64)
		b.Close()
		time.Sleep(100 * 365 * 24 * time.Hour)
		if _, err := b.Read(ctx, "id"); err != nil {
			t.Error(err)
		}
	})
}

func TestDOS6_MaxSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(&memory.Options{MaxSessions: 10})
		for i := range 10 {
			write(t, b, fmt.Sprint(i), time.Duration(i+1)*time.Hour)
		}
		full := record("more", time.Hour)
		for name, err := range map[string]error{
			"Write":  second(b.Write(ctx, "new", full)),
			"Swap":   b.Swap(ctx, "new", nil, full),
			"Rotate": b.Rotate(ctx, "3", []byte("data of 3"), full, "new", full),
		} {
			if !errors.Is(err, memory.ErrFull) {
				t.Errorf("%s when full: got %v, want ErrFull", name, err)
			}
		}
		write(t, b, "3", 2*time.Hour) // replacing a record needs no room
		time.Sleep(time.Hour)         // 0 expires and makes room
		write(t, b, "new", time.Hour)
		if _, err := b.Write(ctx, "newer", full); !errors.Is(err, memory.ErrFull) {
			t.Errorf("Write when full again: got %v, want ErrFull", err)
		}
		if err := b.Remove(ctx, "new"); err != nil {
			t.Error(err)
		}
		write(t, b, "newer", time.Hour)
		if b.Len() != 10 {
			t.Errorf("got %d records, want 10", b.Len())
		}
		inspect(t, b)
	})
}

func TestDOS6_MaxSessionsEvict(t *testing.T) {
	b := memory.New(&memory.Options{MaxSessions: 10, Evict: true})
	for i := range 10 {
		write(t, b, fmt.Sprint(i), time.Duration(20-i)*time.Hour)
	}
	write(t, b, "new", 100*time.Hour)
	write(t, b, "newer", 100*time.Hour)
	for id, want := range map[string]bool{"new": true, "newer": true, "0": true, "7": true, "8": false, "9": false} {
		if got, _ := b.Exists(ctx, id); got != want {
			t.Errorf("record %q: got %v, want %v", id, got, want)
		}
	}
	if b.Len() != 10 {
		t.Errorf("got %d records, want 10", b.Len())
	}
	inspect(t, b)
}

// TestDOS6_MaxSessionsConcurrently: however many create at once, there are
// never more than MaxSessions.
func TestDOS6_MaxSessionsConcurrently(t *testing.T) {
	for _, evict := range []bool{false, true} {
		b := memory.New(&memory.Options{MaxSessions: 50, Evict: evict})
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := range 200 {
					_, err := b.Write(ctx, fmt.Sprint(g, i), record("a", time.Hour))
					if evict && err != nil || err != nil && !errors.Is(err, memory.ErrFull) {
						t.Error(err)
					}
					if n := b.Len(); n > 50 {
						t.Errorf("%d records", n)
					}
				}
			})
		}
		wg.Wait()
		if b.Len() != 50 {
			t.Errorf("evict %v: got %d records, want 50", evict, b.Len())
		}
		inspect(t, b)
	}
}

// TestR39_Consistency: whatever is done in parallel, the queue and the subjects
// agree with what is stored.
func TestR39_Consistency(t *testing.T) {
	b := memory.New(&memory.Options{MaxSessions: 300, Evict: true})
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(g)))
			id := func() string { return fmt.Sprint(random.IntN(400)) }
			subject := func() string { return strings.Repeat("s", random.IntN(5)) }
			for range 5000 {
				r := backends.Record{Data: []byte{byte(random.IntN(3))}, TTL: time.Duration(1 + random.IntN(2e6)), Subject: subject()}
				old := []byte{byte(random.IntN(3))}
				switch random.IntN(12) {
				case 0, 1, 2:
					b.Write(ctx, id(), r)
				case 3:
					b.Swap(ctx, id(), old, r)
				case 4:
					b.Swap(ctx, id(), nil, r)
				case 5:
					b.Swap(ctx, id(), old, backends.Record{})
				case 6:
					b.Touch(ctx, id(), r.TTL)
				case 7, 8:
					b.Rotate(ctx, id(), old, backends.Record{Data: []byte("m"), TTL: 1e6}, id(), r)
				case 9:
					b.Remove(ctx, id())
				case 10:
					b.RevokeSubject(ctx, subject(), id())
				case 11:
					b.Sweep(ctx)
				}
			}
		})
	}
	wg.Wait()
	inspect(t, b)
}

// TestDOS6_ExpiredAreRemoved: nothing that a caller sees depends on when
// expired records are removed, but memory does.
func TestDOS6_ExpiredAreRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		for i := range 1000 {
			write(t, b, fmt.Sprint("old", i), time.Minute)
		}
		time.Sleep(time.Minute)
		if b.Len() != 1000 {
			t.Errorf("got %d records, want 1000: nothing has happened since", b.Len())
		}
		for i := range 4000 {
			write(t, b, fmt.Sprint("new", i), time.Hour)
		}
		if b.Len() != 4000 {
			t.Errorf("after writes: got %d records, want the 4000 live ones", b.Len())
		}
		time.Sleep(time.Hour)
		if n, err := b.Sweep(ctx); n != 4000 || err != nil {
			t.Errorf("Sweep: got %d, %v", n, err)
		}
		inspect(t, b)
	})
}

func TestDOS6_BackgroundSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		for range 2 { // it comes again after there was nothing left to do
			write(t, b, "short", time.Minute)
			write(t, b, "long", 3*memory.SweepSoon)
			time.Sleep(memory.SweepLate + 1)
			if b.Len() != 0 {
				t.Errorf("got %d records, want 0", b.Len())
			}
		}
		write(t, b, "short", time.Minute)
		write(t, b, "long", 1000*time.Hour)
		time.Sleep(memory.SweepSoon + 1)
		if b.Len() != 1 {
			t.Errorf("got %d records, want 1", b.Len())
		}
	})
}

func TestR24_Close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		write(t, b, "a", time.Minute)
		for range 2 {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
		write(t, b, "b", time.Minute)
		time.Sleep(10 * memory.SweepLate)
		if b.Len() != 2 {
			t.Errorf("got %d records, want 2: nothing sweeps any more", b.Len())
		}
		if ok, err := b.Exists(ctx, "a"); ok || err != nil {
			t.Errorf("an expired record after Close: %v, %v", ok, err)
		}
	})
}

// TestCloseOutsideBubble: a backend that is made outside a bubble and used
// inside has a timer that belongs to the bubble. Closing it afterwards must not
// touch that.
func TestCloseOutsideBubble(t *testing.T) {
	b := memory.New(nil)
	synctest.Test(t, func(t *testing.T) { write(t, b, "a", time.Minute) })
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// TestForgottenIsCollected: a backend that nobody closed and nobody uses any
// more is collected, with the sweep that was to come.
func TestForgottenIsCollected(t *testing.T) {
	collected := make(chan struct{})
	func() {
		b := memory.New(nil)
		write(t, b, "a", time.Hour)
		runtime.AddCleanup(b, func(c chan struct{}) { close(c) }, collected)
	}()
	for range 200 {
		runtime.GC()
		select {
		case <-collected:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Error("something keeps the backend alive")
}

func TestEndedContext(t *testing.T) {
	b := memory.New(nil)
	b.Write(ctx, "id", backends.Record{Data: []byte("a"), TTL: time.Hour, Subject: "s"})
	ended, cancel := context.WithCancel(ctx)
	cancel()
	r := record("a", time.Hour)
	_, list := b.ListSubject(ended, "s")
	for name, err := range map[string]error{
		"Read":   second(b.Read(ended, "id")),
		"Write":  second(b.Write(ended, "id", r)),
		"Remove": b.Remove(ended, "id"),
		"Exists": second(b.Exists(ended, "id")),
		"Swap":   b.Swap(ended, "id", r.Data, r),
		"Touch":  second(b.Touch(ended, "id", time.Hour)),
		"Rotate": b.Rotate(ended, "id", r.Data, r, "id2", r),
		"List":   list,
		"Revoke": second(b.RevokeSubject(ended, "s", "")),
		"Sweep":  second(b.Sweep(ended)),
		"Walk":   b.Walk(ended, func(backends.Entry) error { return nil }),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want context.Canceled", name, err)
		}
	}
}

func TestWalkMayUseTheBackend(t *testing.T) {
	b := memory.New(nil)
	for i := range 100 {
		write(t, b, fmt.Sprint(i), time.Hour)
	}
	visited := 0
	err := b.Walk(ctx, func(s backends.Entry) error {
		visited++
		return b.Remove(ctx, s.ID)
	})
	if err != nil || visited != 100 || b.Len() != 0 {
		t.Errorf("got %v, %d visited, %d left", err, visited, b.Len())
	}
}

// TestBurstIsForgotten: a burst of sessions does not claim memory forever.
func TestBurstIsForgotten(t *testing.T) {
	const n = 200_000
	b := memory.New(nil)
	before := heap()
	for i := range n {
		write(t, b, fmt.Sprint(i), time.Hour)
	}
	for i := range n - n/100 {
		b.Remove(ctx, fmt.Sprint(i))
	}
	left := heap() - before
	if limit := 4 * 450 * n / 100; left > limit {
		t.Errorf("%d bytes are held for %d records, want at most %d", left, b.Len(), limit)
	}
	inspect(t, b)
}

// TestErrors_SayThatNothingWasChanged: what the backend refuses is certainly not
// done, and the middleware need not look.
func TestErrors_SayThatNothingWasChanged(t *testing.T) {
	b := memory.New(&memory.Options{MaxSessions: 1})
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := b.Write(ctx, "a", record("a", time.Hour)); err != nil {
		t.Fatal(err)
	}
	noTTL, noData := record("a", 0), record("", time.Hour)
	_, full := b.Write(ctx, "b", record("b", time.Hour))
	_, mortal := b.Write(ctx, "b", noTTL)
	_, touched := b.Touch(ctx, "a", 0)
	cancel()
	for name, err := range map[string]error{
		"full":             full,
		"no TTL":           mortal,
		"no TTL to touch":  touched,
		"no data":          b.Swap(t.Context(), "b", nil, noData),
		"nothing to swap":  b.Swap(t.Context(), "b", nil, backends.Record{}),
		"nothing retired":  b.Rotate(t.Context(), "a", nil, backends.Record{}, "b", record("b", time.Hour)),
		"a call cancelled": b.Swap(ctx, "b", nil, record("b", time.Hour)),
	} {
		if !errors.Is(err, backends.ErrNotApplied) {
			t.Errorf("%s: got %v, want an ErrNotApplied", name, err)
		}
	}
	if err := new(memory.Backend).Describe().Err; err == nil || !strings.Contains(err.Error(), "memory.New(nil)") {
		t.Errorf("the zero value: got %v, want an error that names the remedy", err)
	}
}
