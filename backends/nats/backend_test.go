package nats_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/nats"
	"github.com/gosessions/sessions/internal/services"
)

// TestConcurrentSwaps: many change one record at once, each after reading it, while
// others touch it: every success counts once, and a touch is not a conflict.
func TestConcurrentSwaps(t *testing.T) {
	b := open(t, services.NATS(t), nil)
	ctx := t.Context()
	if err := b.Swap(ctx, "n", nil, record("0")); err != nil {
		t.Fatal(err)
	}
	var writers, touchers sync.WaitGroup
	for range 10 {
		writers.Go(func() {
			for done := 0; done < 10; {
				r, err := b.Read(ctx, "n")
				if err != nil {
					t.Errorf("Read: %v", err)
					return
				}
				n, _ := strconv.Atoi(string(r.Data))
				err = b.Swap(ctx, "n", r.Data, record(strconv.Itoa(n+1)))
				if err == nil {
					done++
				} else if !errors.Is(err, backends.ErrConflict) {
					t.Errorf("Swap: %v", err)
					return
				}
			}
		})
	}
	end := make(chan struct{})
	for range 2 {
		touchers.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				if _, err := b.Touch(ctx, "n", time.Hour); err != nil && !errors.Is(err, backends.ErrConflict) {
					t.Errorf("Touch: %v", err)
					return
				}
			}
		})
	}
	writers.Wait()
	close(end)
	touchers.Wait()
	if r, err := b.Read(ctx, "n"); err != nil || string(r.Data) != "100" {
		t.Errorf("the record is %q, %v, want 100", r.Data, err)
	}
}

// TestTouchIsNoConflict: a commit succeeds although the record was touched since it
// was read: other data would be a conflict, another revision is not.
func TestTouchIsNoConflict(t *testing.T) {
	b := open(t, services.NATS(t), nil)
	ctx := t.Context()
	if err := b.Swap(ctx, "id", nil, record("1")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Touch(ctx, "id", 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	if r, err := b.Read(ctx, "id"); err != nil || r.TTL < time.Hour || string(r.Data) != "1" {
		t.Errorf("Read after Touch: %q for %v, %v, want more than an hour", r.Data, r.TTL, err)
	}
	if err := b.Swap(ctx, "id", []byte("1"), record("2")); err != nil {
		t.Errorf("Swap after Touch: %v", err)
	}

	// Touches come between the read and the publication of some of these.
	end := make(chan struct{})
	var touching sync.WaitGroup
	touching.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				if _, err := b.Touch(ctx, "id", time.Hour); err != nil {
					t.Errorf("Touch beside swaps: %v", err)
				}
			}
		}
	})
	data := "2"
	for i := range 300 {
		next := strconv.Itoa(i)
		if err := b.Swap(ctx, "id", []byte(data), record(next)); err != nil {
			t.Errorf("Swap beside touches: %v", err)
		}
		data = next
	}
	close(end)
	touching.Wait()
}

// TestExpiredMakesRoom: a new record takes the place of one that has expired, or was
// removed, and is still in the bucket.
func TestExpiredMakesRoom(t *testing.T) {
	b := open(t, services.NATS(t), nil)
	ctx := t.Context()
	if err := b.Swap(ctx, "id", nil, backends.Record{Data: []byte("1"), TTL: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		eventually(t, func(context.Context) error { return b.Swap(ctx, "id", nil, record("2")) })
		if err := b.Swap(ctx, "id", nil, record("3")); !errors.Is(err, backends.ErrConflict) {
			t.Errorf("Swap over a record: %v, want ErrConflict", err)
		}
		if err := b.Remove(ctx, "id"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRemoveLeavesNoMarkers: IDs that clients invent do not fill the bucket.
func TestRemoveLeavesNoMarkers(t *testing.T) {
	url := services.NATS(t)
	bucket := services.Unique("sessions_")
	b := open(t, url, &nats.Options{Bucket: bucket})
	for i := range 10 {
		if err := b.Remove(t.Context(), "invented"+strconv.Itoa(i)); err != nil {
			t.Error(err)
		}
	}
	if n := messages(t, url, bucket); n != 0 {
		t.Errorf("the bucket has %d messages, want none", n)
	}
}

// TestMaxSize: the limit of the server is that of a record, and New compares the
// configuration with it.
func TestMaxSize(t *testing.T) {
	server := services.NATSServer(t, services.NATSOptions{Config: []string{"max_payload: 8192"}})
	b := open(t, server.URL(), nil)
	max := backends.Describe(b).MaxSize
	if max < 7000 || max > 8192 {
		t.Errorf("MaxSize is %d, want a little less than 8192", max)
	}
	_, err := sessions.New(b, &sessions.Config{MaxSize: 8192})
	if err == nil || !strings.Contains(err.Error(), "MaxSize") {
		t.Errorf("New with a larger MaxSize: %v", err)
	}
	for size, fits := range map[int]bool{max: true, 8192: false, 100_000: false} {
		for name, store := range map[string]func() error{
			"Write": func() error { _, err := b.Write(t.Context(), "a", record(strings.Repeat("x", size))); return err },
			"Swap":  func() error { return b.Swap(t.Context(), services.Unique("b"), nil, record(strings.Repeat("x", size))) },
		} {
			err := store()
			if fits && err != nil || !fits && !(errors.Is(err, backends.ErrTooLarge) && errors.Is(err, backends.ErrNotApplied)) {
				t.Errorf("%s of %d bytes: %v", name, size, err)
			}
		}
	}
	// The headers of a long ID take room, too.
	_, err = b.Write(t.Context(), strings.Repeat("/", 4096), record(strings.Repeat("x", max)))
	if !errors.Is(err, backends.ErrTooLarge) {
		t.Errorf("Write under a long ID: %v, want ErrTooLarge", err)
	}
}

// TestAbilities: what cannot be promised is not offered.
func TestAbilities(t *testing.T) {
	b := open(t, services.NATS(t), nil)
	for _, config := range []*sessions.Config{
		{MaxPerSubject: 1},
		{Require: []backends.Ability{backends.CanSubjects}},
		{Require: []backends.Ability{backends.CanRotate}},
	} {
		if _, err := sessions.New(b, config); err == nil {
			t.Errorf("New with %+v: no error", config)
		}
	}
	if _, err := sessions.New(b, &sessions.Config{Require: []backends.Ability{
		backends.CanSwap, backends.CanTouch, backends.CanSweep, backends.CanWalk,
	}}); err != nil {
		t.Error(err)
	}
}
