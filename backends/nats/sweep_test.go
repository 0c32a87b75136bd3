package nats_test

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/nats"
	"github.com/gosessions/sessions/internal/services"
)

// bury stores n records that expired two minutes ago.
func bury(t *testing.T, url, bucket string, n int) {
	t.Helper()
	js := raw(t, url)
	for i := range n {
		m := natsgo.NewMsg(fmt.Sprintf("$KV.%s.dead%d", bucket, i))
		m.Header.Set("Sessions-Expires", strconv.FormatInt(time.Now().Add(-2*time.Minute).UnixMilli(), 10))
		m.Data = []byte("x")
		if _, err := js.PublishMsg(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSweep: it deletes what has expired and the markers of removed records, in more
// than one batch, and nothing else.
func TestSweep(t *testing.T) {
	url := services.NATS(t)
	bucket := services.Unique("sessions_")
	b := open(t, url, &nats.Options{Bucket: bucket, SweepEvery: -1})
	if n, err := b.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("Sweep of nothing: %d, %v", n, err)
	}
	const dead, living, removed = 600, 300, 20
	for i := range living {
		if _, err := b.Write(t.Context(), fmt.Sprintf("living%d", i), record("x")); err != nil {
			t.Fatal(err)
		}
	}
	bury(t, url, bucket, dead)
	for i := range removed {
		id := fmt.Sprintf("removed%d", i)
		if _, err := b.Write(t.Context(), id, record("x")); err != nil {
			t.Fatal(err)
		}
		if err := b.Remove(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if n := messages(t, url, bucket); n != dead+living+removed {
		t.Fatalf("the bucket has %d messages, want %d", n, dead+living+removed)
	}
	if n, err := b.Sweep(t.Context()); n != dead || err != nil {
		t.Errorf("Sweep: %d, %v, want %d", n, err, dead)
	}
	if n := messages(t, url, bucket); n != living {
		t.Errorf("the bucket has %d messages after Sweep, want %d", n, living)
	}
	visited := 0
	if err := b.Walk(t.Context(), func(backends.Entry) error { visited++; return nil }); err != nil || visited != living {
		t.Errorf("Walk visits %d, %v, want %d", visited, err, living)
	}
}

// TestSweepInTheBackground: of several instances one sweeps at a time, and Close ends
// it.
func TestSweepInTheBackground(t *testing.T) {
	t.Parallel()
	url := services.NATS(t)
	bucket := services.Unique("sessions_")
	var deleted, sweeps atomic.Int64
	options := &nats.Options{Bucket: bucket, SweepEvery: time.Second, OnSweep: func(n int, err error) {
		if err != nil {
			t.Errorf("OnSweep: %v", err)
		}
		sweeps.Add(1)
		deleted.Add(int64(n))
	}}
	b := open(t, url, options)
	others := []*nats.Backend{open(t, url, options), open(t, url, options)}
	bury(t, url, bucket, 10)
	began := time.Now()
	eventually(t, func(context.Context) error {
		if n := deleted.Load(); n < 10 {
			return fmt.Errorf("%d records were deleted, want 10", n)
		}
		return nil
	})
	if n, most := sweeps.Load(), int64(time.Since(began)/(900*time.Millisecond))+1; n > most {
		t.Errorf("%d sweeps in %v by three instances, want at most %d", n, time.Since(began), most)
	}
	for _, b := range append(others, b) {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}
