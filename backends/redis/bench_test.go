package redis_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// casByHand is what a program without this package might write.
var casByHand = goredis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
return 0`)

// BenchmarkB6 compares each operation with the same commands sent by hand; the
// budget is 1.15 times their time.
func BenchmarkB6(b *testing.B) {
	p := at(b, services.Redis(b))
	ctx := context.Background()
	idle, err := p.Bind(backends.Settings{IdleTimeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []struct {
		name string
		n    int
	}{{"200B", 200}, {"16KB", 16 << 10}} {
		one, two := []byte(strings.Repeat("1", size.n)), []byte(strings.Repeat("2", size.n))
		key := p.prefix + "id"
		if _, err := p.Write(ctx, "id", backends.Record{Data: one, TTL: time.Hour}); err != nil {
			b.Fatal(err)
		}
		compare := func(name string, ours, byHand func() error) {
			b.Run(name+"/"+size.name, func(b *testing.B) { alternate(b, ours, byHand) })
		}
		compare("read",
			func() error { _, err := p.Read(ctx, "id"); return err },
			func() error { _, err := p.raw.Get(ctx, key).Bytes(); return err })
		compare("readidle",
			func() error { _, err := idle.Read(ctx, "id"); return err },
			func() error {
				pipe := p.raw.Pipeline()
				pipe.Get(ctx, key)
				pipe.PTTL(ctx, key)
				_, err := pipe.Exec(ctx)
				return err
			})
		compare("commit",
			func() error {
				err := p.Swap(ctx, "id", one, backends.Record{Data: two, TTL: time.Hour})
				one, two = two, one
				return err
			},
			func() error {
				err := casByHand.Run(ctx, p.raw, []string{key}, one, two, 3600000).Err()
				one, two = two, one
				return err
			})
		compare("write",
			func() error { _, err := p.Write(ctx, "id", backends.Record{Data: one, TTL: time.Hour}); return err },
			func() error { return p.raw.Set(ctx, key, one, time.Hour).Err() })
		compare("touch",
			func() error { _, err := p.Touch(ctx, "id", time.Hour); return err },
			func() error { return p.raw.PExpire(ctx, key, time.Hour).Err() })
	}
	one, two := []byte(strings.Repeat("1", 200)), []byte(strings.Repeat("2", 200))
	record := func(data []byte) backends.Record {
		return backends.Record{Data: data, TTL: time.Hour, Subject: "alice"}
	}
	if _, err := p.Write(ctx, "owned", record(one)); err != nil {
		b.Fatal(err)
	}
	key := p.prefix + "byhand"
	p.raw.Set(ctx, key, one, time.Hour)
	b.Run("commit/owned", func(b *testing.B) {
		alternate(b,
			func() error { return p.Swap(ctx, "owned", one, record(two)) },
			func() error {
				err := casByHand.Run(ctx, p.raw, []string{key}, one, two, 3600000).Err()
				one, two = two, one
				return err
			})
	})
}

// alternate runs both in turn, so that a busy machine slows them down alike, and
// reports the medians and their ratio.
func alternate(b *testing.B, ours, byHand func() error) {
	var times [2][]time.Duration
	for b.Loop() {
		for i, do := range []func() error{ours, byHand} {
			start := time.Now()
			if err := do(); err != nil {
				b.Fatal(err)
			}
			times[i] = append(times[i], time.Since(start))
		}
	}
	var medians [2]float64
	for i := range times {
		slices.Sort(times[i])
		medians[i] = float64(times[i][len(times[i])/2])
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(medians[0], "ns/ours")
	b.ReportMetric(medians[1], "ns/byhand")
	b.ReportMetric(medians[0]/medians[1], "ratio")
}

// BenchmarkNeighbors is how long 16 goroutines wait for a small record while
// another one reads a huge one, or runs a slow script, all the time: on a backend
// that sends their commands together, and on one that sends each by itself.
func BenchmarkNeighbors(b *testing.B) {
	server := services.RedisServer(b, services.RedisOptions{})
	ctx := context.Background()
	client, err := redis.Client(server.URL())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	backend := map[string]*redis.Backend{"together": open(b, server.URL()), "apart": redis.New(client, nil)}
	for id, size := range map[string]int{"small": 300, "huge": 4 << 20} {
		if _, err := backend["apart"].Write(ctx, id, record(strings.Repeat("x", size))); err != nil {
			b.Fatal(err)
		}
	}
	const slow = `local function now() local t = redis.call('TIME') return t[1] * 1e6 + t[2] end
local ends = now() + 20000
repeat until now() > ends`
	for name, disturb := range map[string]func(*redis.Backend){
		"nobody": nil,
		"huge":   func(backend *redis.Backend) { _, _ = backend.Read(ctx, "huge") },
		"script": func(*redis.Backend) { _ = client.Eval(ctx, slow, []string{"x"}).Err() },
	} {
		for how, backend := range backend {
			b.Run(name+"/"+how, func(b *testing.B) {
				var ended atomic.Bool
				var group, readers sync.WaitGroup
				if disturb != nil {
					group.Go(func() {
						for !ended.Load() {
							disturb(backend)
							<-time.After(50 * time.Millisecond)
						}
					})
				}
				times := make([][]time.Duration, 16)
				for i := range times {
					readers.Go(func() {
						for range max(1, b.N/len(times)) {
							start := time.Now()
							if _, err := backend.Read(ctx, "small"); err != nil {
								b.Error(err)
							}
							times[i] = append(times[i], time.Since(start))
							<-time.After(2 * time.Millisecond)
						}
					})
				}
				readers.Wait()
				ended.Store(true)
				group.Wait()
				all := slices.Concat(times...)
				slices.Sort(all)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(all[len(all)/2].Microseconds()), "µs-p50")
				b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "µs-p99")
			})
		}
	}
}
