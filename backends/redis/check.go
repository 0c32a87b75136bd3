package redis

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
)

// Check connects, runs every command that the backend needs, except those of
// [Backend.Walk], with a session of its own, and returns what went wrong: for a
// program's start, or a health check that means it. It also returns an error if the
// server lets it see that it may evict the indexes of owners.
func (b *Backend) Check(ctx context.Context) error {
	if b.invalid != nil {
		return b.invalid
	}
	id, name := "check-"+rand.Text(), "check-"+rand.Text()
	r := backends.Record{Data: []byte("check"), TTL: time.Minute, Subject: name}
	bound := *b
	bound.store.withTTL = true
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"create a session with an owner", func() error { return b.Swap(ctx, id, nil, r) }},
		{"read it", func() error { _, err := bound.Read(ctx, id); return err }},
		{"replace it", func() error { return b.Swap(ctx, id, r.Data, r) }},
		{"extend it", func() error { _, err := b.Touch(ctx, id, time.Minute); return err }},
		{"look for it", func() error { _, err := b.Exists(ctx, id); return err }},
		{"list its owner's", func() error { _, err := b.ListSubject(ctx, name); return err }},
		{"trim its owner's", func() error {
			if err := b.Swap(ctx, id+"-surplus", nil, r); err != nil {
				return err
			}
			_, err := b.TrimSubject(ctx, name, 1, id)
			return err
		}},
		{"create one more than its owner may have", func() error {
			limited := r
			limited.SubjectLimit = 1
			if err := b.Swap(ctx, id+"-limit", nil, limited); !errors.Is(err, backends.ErrSubjectLimit) {
				return cmp.Or(err, errors.New("the limit is not kept"))
			}
			return nil
		}},
		{"revoke its owner's", func() error { _, err := b.RevokeSubject(ctx, name, ""); return err }},
		{"remove it", func() error { return b.Remove(ctx, id) }},
		{"tidy an index", func() error {
			owner := subjectOf(name)
			return b.store.run(ctx, &pruneScript, b.indexKey(&owner), -1, id).Err()
		}},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("redis: cannot %s: %w", step.what, err)
		}
	}
	return b.checkEviction(ctx)
}

// checkEviction asks how the server makes room. Many do not tell.
func (b *Backend) checkEviction(ctx context.Context) error {
	settings, err := b.store.client.ConfigGet(ctx, "maxmemory*").Result()
	var refused goredis.Error
	if errors.As(err, &refused) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("redis: cannot ask for the eviction policy: %w", err)
	}
	switch policy := settings["maxmemory-policy"]; {
	case settings["maxmemory"] == "0", policy == "", policy == "noeviction", policy == "volatile-ttl":
		return nil
	default:
		return errors.New("redis: with maxmemory-policy " + strings.ToLower(policy) +
			" the server may evict the indexes of owners whose sessions live: set noeviction or volatile-ttl")
	}
}
