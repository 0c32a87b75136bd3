package memory_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/internal/race"
)

// ids returns n IDs as the middleware makes them, of 43 characters.
func ids(n int) []string {
	list := make([]string, n)
	var raw [32]byte
	for i := range list {
		binary.LittleEndian.PutUint64(raw[:], uint64(i)*0x9e3779b97f4a7c15)
		list[i] = base64.RawURLEncoding.EncodeToString(raw[:])
	}
	return list
}

// fill writes n records of 200 bytes, whose IDs and data are held by nobody else.
func fill(b *memory.Backend, n int, ttl time.Duration, subject bool) {
	for i, id := range ids(n) {
		r := backends.Record{Data: make([]byte, 200), TTL: ttl}
		if subject {
			r.Subject = fmt.Sprint(i / 2)
		}
		b.Write(ctx, id, r)
	}
}

func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestB9_BytesPerSession: at 10^6 sessions of 200 bytes, at most 450 bytes
// each.
func TestB9_BytesPerSession(t *testing.T) {
	if testing.Short() || race.Enabled {
		t.Skip("takes seconds")
	}
	const n = 1_000_000
	b := memory.New(nil)
	before := heap()
	fill(b, n, time.Hour, false)
	each := (heap() - before) / n
	runtime.KeepAlive(b)
	t.Logf("%d bytes held per session", each)
	if each > 450 {
		t.Errorf("%d bytes are held per session of 200 bytes, want at most 450", each)
	}
}

func TestAllocations(t *testing.T) {
	b := memory.New(nil)
	one, two := record("one", time.Hour), record("two", time.Hour)
	one.Subject, two.Subject = "s", "s"
	b.Write(ctx, "id", one)
	timeout, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	for _, test := range []struct {
		name string
		do   func()
	}{
		{"Read", func() { b.Read(timeout, "id") }},
		{"Read, absent", func() { b.Read(timeout, "absent") }},
		{"Exists", func() { b.Exists(timeout, "id") }},
		{"Write over another", func() { b.Write(timeout, "id", one) }},
		{"Swap", func() { b.Swap(timeout, "id", one.Data, two); b.Swap(timeout, "id", two.Data, one) }},
		{"Touch", func() { b.Touch(timeout, "id", time.Hour) }},
	} {
		if n := testing.AllocsPerRun(100, test.do); n != 0 {
			t.Errorf("%s: %v allocations, want 0", test.name, n)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{100, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			backend := memory.New(nil)
			fill(backend, n, 24*time.Hour, false)
			list := ids(n)
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := backend.Read(ctx, list[i*7919%n]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkReadParallel(b *testing.B) {
	const n = 10_000
	backend := memory.New(nil)
	fill(backend, n, 24*time.Hour, false)
	list := ids(n)
	var seed atomic.Int64
	b.RunParallel(func(p *testing.PB) {
		for i := int(seed.Add(1)) * 1001; p.Next(); i++ {
			backend.Read(ctx, list[i*7919%n])
		}
	})
}

func BenchmarkSwap(b *testing.B) {
	for _, n := range []int{100, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			backend := memory.New(nil)
			fill(backend, n, 24*time.Hour, false)
			list := ids(n)
			r := backends.Record{Data: make([]byte, 200), TTL: 24 * time.Hour}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := backend.Swap(ctx, list[i*7919%n], r.Data, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCreateRemove(b *testing.B) {
	backend := memory.New(nil)
	fill(backend, 10_000, 24*time.Hour, false)
	r := backends.Record{Data: make([]byte, 200), TTL: time.Hour}
	b.ReportAllocs()
	for b.Loop() {
		backend.Swap(ctx, "id", nil, r)
		backend.Remove(ctx, "id")
	}
}

func BenchmarkRotate(b *testing.B) {
	backend := memory.New(nil)
	r := backends.Record{Data: make([]byte, 200), TTL: time.Hour, Subject: "s"}
	tombstone := backends.Record{Data: []byte("retired"), TTL: time.Minute}
	list := ids(100_000)
	backend.Write(ctx, list[0], r)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		from, to := list[i%len(list)], list[(i+1)%len(list)]
		backend.Remove(ctx, to)
		if err := backend.Rotate(ctx, from, r.Data, tombstone, to, r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMillion measures budget B9: what a session costs in memory (bytes),
// how long the longest read takes while nothing happens (calm-ns) and while
// all sessions expire and are removed (expiry-ns).
func BenchmarkMillion(b *testing.B) {
	const n = 1_000_000
	for _, subjects := range []bool{false, true} {
		b.Run(fmt.Sprint("subjects=", subjects), func(b *testing.B) {
			for range b.N {
				before := heap()
				backend := memory.New(nil)
				fill(backend, n, 24*time.Hour, subjects)
				b.ReportMetric(float64(heap()-before)/n, "bytes")

				const reads = 2_000_000
				b.ReportMetric(float64(longestRead(backend, reads)), "calm-ns")
				for _, id := range ids(n) {
					backend.Touch(ctx, id, time.Nanosecond)
				}
				done := make(chan int)
				start := time.Now()
				go func() { swept, _ := backend.Sweep(ctx); done <- swept }()
				longest := longestRead(backend, reads)
				swept := <-done
				b.ReportMetric(float64(longest), "expiry-ns")
				b.ReportMetric(float64(time.Since(start).Nanoseconds())/n, "sweep-ns/session")
				if swept != n || backend.Len() != 0 {
					b.Fatalf("%d swept, %d left", swept, backend.Len())
				}
			}
		})
	}
}

func longestRead(b *memory.Backend, reads int) time.Duration {
	list := ids(10_000)
	var longest time.Duration
	for i := range reads {
		start := time.Now()
		b.Read(ctx, list[i%len(list)])
		longest = max(longest, time.Since(start))
	}
	return longest
}
