package redis_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

func TestWalk(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		ctx := t.Context()
		want := make(map[string]string)
		for i := range 700 {
			id := fmt.Sprintf("id%d", i)
			want[id] = "data of " + id
			r := record(want[id])
			if i%10 == 0 {
				r.Subject = "alice"
			}
			p.create(t, id, r)
		}
		p.raw.Set(ctx, "x"+p.prefix+"other", "x", time.Minute)
		p.raw.HSet(ctx, p.prefix+"hash", "a", "b")
		defer p.raw.Del(ctx, "x"+p.prefix+"other")

		seen := make(map[string]string)
		err := p.Walk(ctx, func(s backends.Entry) error {
			if s.Record.TTL <= 0 || s.Record.TTL > time.Hour {
				t.Errorf("%s lives for %v", s.ID, s.Record.TTL)
			}
			seen[s.ID] = string(s.Record.Data)
			return nil
		})
		if err != nil {
			t.Errorf("Walk: %v", err)
		}
		if len(seen) != len(want) {
			t.Errorf("Walk visited %d sessions, want %d", len(seen), len(want))
		}
		for id, data := range want {
			if seen[id] != data {
				t.Errorf("Walk visited %s with %q, want %q", id, seen[id], data)
			}
		}

		stop, visits := errors.New("stop"), 0
		err = p.Walk(ctx, func(backends.Entry) error { visits++; return stop })
		if err != stop || visits != 1 {
			t.Errorf("Walk that is stopped: %v after %d visits, want the visitor's own error after 1", err, visits)
		}
	})
}

// TestWalkWithPatternInPrefix: what is special in a pattern is not special in a
// prefix.
func TestWalkWithPatternInPrefix(t *testing.T) {
	ctx := t.Context()
	client := rawClient(t, services.Redis(t))
	name := services.Unique("test")
	for _, middle := range []string{"*", "?", "[a-z]", "\\", "^"} {
		prefix := name + middle + ":"
		b := redis.New(client, &redis.Options{Prefix: prefix})
		t.Cleanup(func() { client.Del(ctx, prefix+"id", name+"a:id") })
		if _, err := b.Write(ctx, "id", record("x")); err != nil {
			t.Fatal(err)
		}
		client.Set(ctx, name+"a:id", "not ours", time.Minute)
		var ids []string
		if err := b.Walk(ctx, func(s backends.Entry) error { ids = append(ids, s.ID); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(ids) != 1 || ids[0] != "id" {
			t.Errorf("prefix %q: visited %q, want only its own", prefix, ids)
		}
	}
}
