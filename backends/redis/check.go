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

// Check connects and runs every command that the backend needs, except those of
// [Backend.Walk], with a session of its own. It returns the first error. Call
// it when a program starts, or in a thorough health check. It also returns an
// error if the server's eviction policy allows it to evict the indexes of
// owners; many servers do not reveal their policy.
func (b *Backend) Check(ctx context.Context) error {
	if err := b.Describe().Err; err != nil {
		return err
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
				return cmp.Or(err, errors.New("the server does not enforce the limit"))
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
			return fmt.Errorf("redis: cannot %s: %w", step.what, b.nameDenied(ctx, err))
		}
	}
	return b.checkEviction(ctx)
}

// nameDenied adds to an error of the server the commands that the user may not run: of
// a script the server does not say which one it was.
func (b *Backend) nameDenied(ctx context.Context, err error) error {
	var reply goredis.Error
	if !errors.As(err, &reply) {
		return err
	}
	key := b.store.key("check-" + rand.Text()) // where nothing is, so that nothing is changed
	var denied []string
	for _, command := range [][]any{
		{"evalsha", emptyScript.hash, 1, key},
		{"eval", emptyScript.source, 1, key},
		{"time"},
		{"get", key},
		{"getrange", key, 0, 0},
		{"set", key, "", "px", 1, "xx"},
		{"del", key},
		{"exists", key},
		{"pexpire", key, 1},
		{"pttl", key},
		{"zadd", key, "xx", 0, "x"},
		{"zscore", key, "x"},
		{"zrange", key, 0, 0},
		{"zrem", key, "x"},
		{"zremrangebyscore", key, 0, 0},
		{"expireat", key, 1},
	} {
		if err := b.store.once(ctx, command...).Err(); err != nil && strings.Contains(err.Error(), "no permissions to run") {
			denied = append(denied, command[0].(string))
		}
	}
	if denied == nil {
		return err
	}
	return fmt.Errorf("the user may not run %s: grant +%s: %w", strings.Join(denied, ", "), strings.Join(denied, " +"), err)
}

// emptyScript does nothing.
var emptyScript = newScript("return 0")

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
