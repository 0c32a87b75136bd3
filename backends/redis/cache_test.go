package redis_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// TestNearCache: a client with a near cache answers reads from memory, and
// never those that have to be fresh.
func TestNearCache(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	ctx := t.Context()
	client := goredis.NewClient(&goredis.Options{
		Addr:                  server.Addr(),
		ContextTimeoutEnabled: true,
		ClientSideCacheConfig: &goredis.ClientSideCacheConfig{MaxEntries: 1000, MaxStaleness: time.Minute},
	})
	t.Cleanup(func() { _ = client.Close() })
	near := redis.New(client, nil)
	if err := near.Describe().Err; err != nil {
		t.Fatal(err)
	}
	if _, err := near.Write(ctx, "id", record("1")); err != nil {
		t.Fatal(err)
	}
	gets := func() int { return commands(t, server)["get"] }

	before := gets()
	for range 100 {
		if r, err := near.Read(ctx, "id"); err != nil || string(r.Data) != "1" {
			t.Fatalf("Read: %q, %v", r.Data, err)
		}
	}
	if got := gets() - before; got > 2 {
		t.Errorf("100 reads took %d GETs, want one", got)
	}
	before = gets()
	for range 10 {
		if r, err := near.ReadFresh(ctx, "id"); err != nil || !bytes.Equal(r.Data, []byte("1")) {
			t.Fatalf("ReadFresh: %q, %v", r.Data, err)
		}
		if found, err := near.Exists(ctx, "id"); !found || err != nil {
			t.Fatalf("Exists: %v, %v", found, err)
		}
	}
	if got := gets() - before; got != 10 {
		t.Errorf("10 fresh reads took %d GETs, want 10", got)
	}

	// Another instance destroys the session. A commit finds out whatever the cache
	// says, and the cache gets to know.
	if err := open(t, server.URL()).Remove(ctx, "id"); err != nil {
		t.Fatal(err)
	}
	if err := near.Swap(ctx, "id", []byte("1"), record("2")); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("Swap of a session that is gone: %v, want ErrNotFound", err)
	}
	if _, err := near.ReadFresh(ctx, "id"); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("ReadFresh of a session that is gone: %v, want ErrNotFound", err)
	}
	for start := time.Now(); ; {
		_, err := near.Read(ctx, "id")
		if errors.Is(err, backends.ErrNotFound) {
			break
		}
		if time.Since(start) > 20*time.Second {
			t.Fatal("the cache still has a session that was destroyed 20 s ago")
		}
	}
}

// near opens a backend with a near cache.
func openNear(t testing.TB, url string) *redis.Backend {
	t.Helper()
	b, err := redis.Open(url, &redis.Options{NearCache: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// TestNearCacheOfOwnChanges: a process sees its own change of a session at
// once. Without that, a page would show what was there before the form was
// sent.
func TestNearCacheOfOwnChanges(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	p := place{Backend: openNear(t, server.URL())}
	ctx := t.Context()
	if err := p.Describe().Err; err != nil {
		t.Fatal(err)
	}
	before := commands(t, server)["get"]
	p.create(t, "id", record("0"))
	for range 100 {
		p.holds(t, "id", "0")
	}
	if got := commands(t, server)["get"] - before; got != 1 {
		t.Errorf("100 reads took %d GETs, want 1", got)
	}
	for n := range 200 {
		old, new := fmt.Sprint(n), fmt.Sprint(n+1)
		if err := p.Swap(ctx, "id", []byte(old), owned(new, "alice")); err != nil {
			t.Fatalf("Swap: %v", err)
		}
		p.holds(t, "id", new)
	}
	for name, change := range map[string]struct {
		do   func() error
		want string
	}{
		"write":  {func() error { _, err := p.Write(ctx, "id", record("written")); return err }, "written"},
		"remove": {func() error { return p.Remove(ctx, "id") }, ""},
		"create": {func() error { _ = p.Remove(ctx, "id"); return p.Swap(ctx, "id", nil, record("new")) }, "new"},
		"swap out": {func() error {
			_, _ = p.Write(ctx, "id", record("last"))
			return p.Swap(ctx, "id", []byte("last"), backends.Record{})
		}, ""},
		"revoke": {func() error {
			_, _ = p.Write(ctx, "id", owned("x", "alice"))
			p.holds(t, "id", "x")
			_, err := p.RevokeSubject(ctx, "alice", "")
			return err
		}, ""},
	} {
		for range 20 {
			_, _ = p.Read(ctx, "id")
			if err := change.do(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			p.holds(t, "id", change.want)
		}
	}
}

// TestNearCacheOfOthersChanges: what another process changes is found soon.
func TestNearCacheOfOthersChanges(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	near, other := openNear(t, server.URL()), open(t, server.URL())
	var longest time.Duration
	for n := range 50 {
		if _, err := other.Write(t.Context(), "id", record(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
		for start := time.Now(); ; {
			r, err := near.Read(t.Context(), "id")
			longest = max(longest, time.Since(start))
			if err == nil && string(r.Data) == fmt.Sprint(n) {
				break
			}
			if time.Since(start) > 20*time.Second {
				t.Fatalf("after 20 s the cache has %q, want %d", r.Data, n)
			}
		}
	}
	t.Logf("a change was found after %v at most", longest)
}

func TestNearCacheRefusals(t *testing.T) {
	for _, url := range []string{"redis://127.0.0.1/3", "redis+cluster://127.0.0.1", "redis://127.0.0.1?master_name=m"} {
		if _, err := redis.Open(url, &redis.Options{NearCache: time.Second}); err == nil {
			t.Errorf("Open(%q) with a near cache: no error", url)
		}
	}
	if _, err := redis.Open("redis://127.0.0.1", &redis.Options{NearCache: -1}); err == nil {
		t.Error("Open with a negative bound: no error")
	}
	if err := redis.New(rawClient(t, "redis://127.0.0.1"), &redis.Options{NearCache: time.Second}).Describe().Err; err == nil {
		t.Error("New with a near cache: no error")
	}
	if _, err := sessions.New(openNear(t, "redis://127.0.0.1"), &sessions.Config{IdleTimeout: time.Minute}); err == nil {
		t.Error("an idle timeout with a near cache: no error")
	}
}

func BenchmarkNearCache(b *testing.B) {
	near := openNear(b, services.Redis(b))
	id := services.Unique("id")
	if _, err := near.Write(b.Context(), id, record("x")); err != nil {
		b.Fatal(err)
	}
	defer near.Remove(b.Context(), id)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := near.Read(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}
