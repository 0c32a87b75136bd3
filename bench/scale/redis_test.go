package scale

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// TestRedis loads sessions into a server of its own with an append-only file.
func TestRedis(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{Config: []string{
		"appendonly yes", "appendfsync everysec", "auto-aof-rewrite-percentage 0", `save ""`,
	}})
	info := func(section, field string) int64 {
		n, err := strconv.ParseFloat(server.Info(section, field), 64)
		if err != nil {
			t.Fatalf("INFO %s: %s: %v", section, field, err)
		}
		return int64(n)
	}
	backend, err := redis.Open(server.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	a := newApp(t, backend)

	record, err := backend.Read(t.Context(), a.fill())
	if err != nil {
		t.Fatal(err)
	}
	record.TTL, record.MaxTTL = 14*24*time.Hour, 14*24*time.Hour
	addRow(t, "Redis", "size of a record", "%d bytes", len(record.Data))

	client, err := redis.Client(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	// load stores the sessions from..to as the backend does: those with an owner
	// by the backend, the others with its command in pipelines.
	load := func(from, to int) {
		t.Helper()
		var wait sync.WaitGroup
		const batch = 1000
		jobs := make(chan int)
		for range 16 {
			wait.Go(func() {
				for start := range jobs {
					pipe := client.Pipeline()
					for i := start; i < min(start+batch, to); i++ {
						if subject(i) == "" {
							pipe.Do(t.Context(), "SET", "sessions:"+token(i), record.Data, "PX", record.TTL.Milliseconds(), "NX")
							continue
						}
						mine := record
						mine.Subject = subject(i)
						if _, err := backend.Write(t.Context(), token(i), mine); err != nil {
							t.Errorf("loading: %v", err)
						}
					}
					if _, err := pipe.Exec(t.Context()); err != nil {
						t.Errorf("loading: %v", err)
					}
				}
			})
		}
		for i := from; i < to && !t.Failed(); i += batch {
			jobs <- i
		}
		close(jobs)
		wait.Wait()
		if t.Failed() {
			t.FailNow()
		}
	}
	used := func() time.Duration { return usage(t, server.Pid()) }

	sizeOfOwned(t, info, backend, record)
	loaded, empty := 0, info("memory", "used_memory")
	for _, n := range levels() {
		began := time.Now()
		load(loaded, n)
		took := time.Since(began)
		loaded = n
		if keys, err := client.DBSize(t.Context()).Result(); err != nil || keys < int64(n+n/owned) {
			t.Fatalf("%d keys after %d sessions were loaded, %v", keys, n, err)
		}
		addRow(t, "Redis", level(n, "loaded in"), "%v", took.Round(100*time.Millisecond))
		addRow(t, "Redis", level(n, "memory for a session"), "%d bytes", (info("memory", "used_memory")-empty)/int64(n))

		in, out := info("stats", "total_net_input_bytes"), info("stats", "total_net_output_bytes")
		f := a.ask("/read", n, turn(), used)
		addRow(t, "Redis", level(n, "reads"), "%v", f)
		addRow(t, "Redis", level(n, "network of a read"), "%d bytes in, %d out",
			(info("stats", "total_net_input_bytes")-in)/int64(f.requests), (info("stats", "total_net_output_bytes")-out)/int64(f.requests))

		in, out = info("stats", "total_net_input_bytes"), info("stats", "total_net_output_bytes")
		file := info("persistence", "aof_current_size")
		f = a.ask("/commit", n, turn(), used)
		addRow(t, "Redis", level(n, "commits"), "%v", f)
		addRow(t, "Redis", level(n, "network of a commit"), "%d bytes in, %d out, %d into the append-only file",
			(info("stats", "total_net_input_bytes")-in)/int64(f.requests), (info("stats", "total_net_output_bytes")-out)/int64(f.requests),
			(info("persistence", "aof_current_size")-file)/int64(f.requests))
	}

	// A fork copies the page table, and then each page that a commit changes.
	if _, err := server.Do("BGREWRITEAOF"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var during figures
	for during.requests == 0 || info("persistence", "aof_rewrite_in_progress") == 1 {
		f := a.ask("/commit", loaded, turn()/5, used)
		if f.p99 > during.p99 {
			during = f
		}
		if time.Since(began) > 10*time.Minute {
			t.Fatal("the append-only file was not rewritten within 10 minutes")
		}
	}
	addRow(t, "Redis", level(loaded, "rewriting the append-only file"), "%v; the fork stops the server for %v and copies %d MB; commits meanwhile, at their worst: %v",
		time.Since(began).Round(time.Second), time.Duration(info("stats", "latest_fork_usec"))*time.Microsecond,
		info("persistence", "aof_last_cow_size")>>20, during)
}

// sizeOfOwned measures what a session with an owner takes. Its sessions are gone
// afterwards.
func sizeOfOwned(t *testing.T, info func(section, field string) int64, backend *redis.Backend, record backends.Record) {
	t.Helper()
	const n = 5000
	size := func(subject func(int) string) int64 {
		before := info("memory", "used_memory")
		for i := range n {
			record.Subject = subject(i)
			if _, err := backend.Write(t.Context(), token(-1-i), record); err != nil {
				t.Fatal(err)
			}
		}
		after := info("memory", "used_memory")
		for i := range n {
			if err := backend.Remove(t.Context(), token(-1-i)); err != nil {
				t.Fatal(err)
			}
		}
		return (after - before) / n
	}
	nobody := size(func(int) string { return "" })
	each := size(func(i int) string { return fmt.Sprint("owner-", i) })
	few := size(func(i int) string { return fmt.Sprint("device-of-", i/5) })
	addRow(t, "Redis", "memory for a session without an owner", "%d bytes", nobody)
	addRow(t, "Redis", "memory for an owner's only session", "%d bytes", each)
	addRow(t, "Redis", "memory for a session of an owner with five", "%d bytes", few)
}
