package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
)

// TestF23_PostgresSweep: five instances sweep millions of expired rows away
// while sessions are read. Nobody who reads notices.
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
	var batches batchTracer
	// read reads at an even pace until done says so, and returns how long all
	// reads took, and those that met no batch of a sweep.
	read := func(done func() bool) (all, alone times) {
		var mu sync.Mutex
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				for !done() {
					met := batches.meets()
					began := time.Now()
					if _, err := reader.Read(ctx, fmt.Sprint("live-", 1+rand.IntN(live))); err != nil {
						t.Error(err)
						return
					}
					took := time.Since(began)
					mu.Lock()
					all = append(all, took)
					if !met() {
						alone = append(alone, took)
					}
					mu.Unlock()
					reads.Add(1)
					time.Sleep(2 * time.Millisecond)
				}
			})
		}
		wait.Wait()
		slices.Sort(all)
		slices.Sort(alone)
		return all, alone
	}
	end := time.Now().Add(long(10 * time.Second))
	before, _ := read(func() bool { return time.Now().After(end) })

	var deleted atomic.Int64
	config, err := pgxpool.ParseConfig(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Tracer = &batches
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for range 5 {
		b := postgres.New(pool, &postgres.Options{SweepEvery: time.Second, OnSweep: func(n int, err error) {
			if err != nil {
				t.Error(err)
			}
			deleted.Add(int64(n))
		}})
		defer b.Close()
	}
	began := time.Now()
	during, between := read(func() bool { return deleted.Load() >= int64(expired) || ctx.Err() != nil })
	sweeping := time.Since(began)
	if n := deleted.Load(); n != int64(expired) {
		t.Errorf("%d rows were deleted, want %d", n, expired)
	}
	if n, err := reader.Sweep(ctx); n != 0 || err != nil {
		t.Errorf("a last sweep finds %d rows, %v", n, err)
	}
	left := 0
	if err := reader.Walk(ctx, func(backends.Entry) error { left++; return nil }); err != nil || left != live {
		t.Errorf("%d sessions are left, want %d (%v)", left, live, err)
	}
	row := figures{
		fault: "F23 Postgres: expired rows swept by five instances", operations: reads.Load(), faults: deleted.Load(), slowest: during[len(during)-1],
		remark: fmt.Sprintf("%d rows in %v; 99 of 100 reads take at most %v, %v where no batch runs, %v before; 99 of 100 batches take %v",
			expired, sweeping.Round(time.Second), during.p99(), between.p99(), before.p99(), batches.took().p99()),
	}
	t.Log(row)
	if !testing.Short() {
		row.keep()
		// What else the machine does, it does to all of them. A read may have to
		// share a processor with a batch, and then no longer than that lasts.
		if batch := batches.took(); during.p99() > between.p99()+between.p99()/5+batch.p99() {
			t.Errorf("99 of 100 reads take up to %v while rows are swept and %v in the pauses, and batches %v", during.p99(), between.p99(), batch.p99())
		}
	}
}

// times are durations, the shortest first.
type times []time.Duration

// p99 returns what 99 of 100 do not exceed.
func (t times) p99() time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[len(t)*99/100].Round(10 * time.Microsecond)
}

// batchTracer knows when batches of sweeps run.
type batchTracer struct {
	begun, running atomic.Int64
	mu             sync.Mutex
	ended          times
}

func (b *batchTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, query pgx.TraceQueryStartData) context.Context {
	if !strings.HasPrefix(query.SQL, "DELETE") {
		return ctx
	}
	b.begun.Add(1)
	b.running.Add(1)
	return context.WithValue(ctx, b, time.Now())
}

func (b *batchTracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	began, ok := ctx.Value(b).(time.Time)
	if !ok {
		return
	}
	b.running.Add(-1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = append(b.ended, time.Since(began))
}

// meets returns a function that reports whether a batch has run since.
func (b *batchTracer) meets() func() bool {
	begun, running := b.begun.Load(), b.running.Load()
	return func() bool { return running > 0 || b.begun.Load() != begun }
}

// took returns how long batches took.
func (b *batchTracer) took() times {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(slices.Values(b.ended))
}
