package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/postgres"
)

// Five instances sweep millions of expired rows away while sessions are read.
// Nobody who reads notices.
func TestF23_PostgresSweep(t *testing.T) {
	expired, live := 10_000_000, 10_000
	if testing.Short() {
		expired = 100_000
	}
	server, _ := private(t)
	fill := func(kind string, n int, interval string) {
		execute(t, server.URL(), fmt.Sprintf(`INSERT INTO sessions (id, expires_at, data)
SELECT convert_to('%s' || g, 'UTF8'), now() + interval '%s', decode(repeat(md5(g::text), 8), 'hex') FROM generate_series(1, %d) g`, kind, interval, n))
	}
	const step = 500_000
	for n := 0; n < expired; n += step {
		fill(fmt.Sprintf("expired-%d-", n), min(step, expired-n), "-1 second")
	}
	fill("live-", live, "1 day")
	execute(t, server.URL(), `VACUUM ANALYZE sessions`)
	execute(t, server.URL(), `CHECKPOINT`)

	reader, err := postgres.Open(server.URL(), &postgres.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
	defer cancel()
	var reads atomic.Int64
	// read reads at an even pace until done says so, and returns how long the
	// slowest of a hundred took, and the slowest of all.
	read := func(done func() bool) (p99, slowest time.Duration) {
		var mu sync.Mutex
		var took []time.Duration
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				for !done() {
					began := time.Now()
					if _, err := reader.Read(ctx, fmt.Sprint("live-", 1+rand.IntN(live))); err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					took = append(took, time.Since(began))
					mu.Unlock()
					reads.Add(1)
					time.Sleep(2 * time.Millisecond)
				}
			})
		}
		wait.Wait()
		slices.Sort(took)
		return took[len(took)*99/100], took[len(took)-1]
	}
	end := time.Now().Add(long(10 * time.Second))
	before, _ := read(func() bool { return time.Now().After(end) })

	var deleted, sweeps atomic.Int64
	for range 5 {
		b, err := postgres.Open(server.URL(), &postgres.Options{SweepEvery: time.Second, OnSweep: func(n int, err error) {
			if err != nil {
				t.Error(err)
			}
			deleted.Add(int64(n))
			sweeps.Add(1)
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
	}
	began := time.Now()
	during, slowest := read(func() bool { return deleted.Load() >= int64(expired) || ctx.Err() != nil })
	sweeping := time.Since(began)
	if n := deleted.Load(); n != int64(expired) {
		t.Errorf("%d rows were deleted, want %d", n, expired)
	}
	if n, err := reader.Sweep(ctx); n != 0 || err != nil {
		t.Errorf("a last sweep finds %d rows, %v", n, err)
	}
	left := 0
	if err := reader.Walk(ctx, func(sessions.Stored) error { left++; return nil }); err != nil || left != live {
		t.Errorf("%d sessions are left, want %d (%v)", left, live, err)
	}
	row := figures{
		fault: "F23 Postgres: expired rows swept by five instances", operations: reads.Load(), faults: deleted.Load(), slowest: slowest,
		remark: fmt.Sprintf("%d rows in %v; 99 of 100 reads take at most %v, %v before", expired, sweeping.Round(time.Second), during.Round(10*time.Microsecond), before.Round(10*time.Microsecond)),
	}
	t.Log(row)
	if !testing.Short() {
		row.keep()
		if during > before+before/5+time.Millisecond {
			t.Errorf("99 of 100 reads take up to %v while rows are swept, and %v before", during, before)
		}
	}
}
