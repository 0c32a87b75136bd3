package redis

import (
	"context"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
)

// Walk implements [backends.Walker] with SCAN, on every primary of a cluster in
// turn. Record.Subject is empty, because the store holds only a hash of it.
func (b *Backend) Walk(ctx context.Context, visit func(backends.Entry) error) error {
	return b.store.walk(ctx, func(id string, value []byte, ttl time.Duration) error {
		return visit(backends.Entry{ID: id, Record: backends.Record{Data: dataOf(value), TTL: ttl}})
	})
}

// walk calls visit for every value.
func (s *store) walk(ctx context.Context, visit func(id string, value []byte, ttl time.Duration) error) error {
	nodes, err := s.primaries(ctx)
	if err != nil {
		return err
	}
	pattern := globEscaper.Replace(s.prefix) + "*"
	for _, node := range nodes {
		cursor := uint64(0)
		for {
			keys, next, err := node.ScanType(ctx, cursor, pattern, batch, "string").Result()
			if err != nil {
				return err
			}
			for i, key := range keys {
				keys[i] = strings.TrimPrefix(key, s.prefix)
			}
			err = s.getAll(ctx, keys, func(id string, value []byte, ttl time.Duration) error {
				if value == nil {
					return nil // gone since the scan
				}
				return visit(id, value, ttl)
			})
			if err != nil {
				return err
			}
			if cursor = next; cursor == 0 {
				break
			}
		}
	}
	return nil
}

var globEscaper = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`)

// primaries returns the servers that together have all keys.
func (s *store) primaries(ctx context.Context) ([]goredis.Cmdable, error) {
	cluster, ok := s.client.(interface {
		ForEachMaster(context.Context, func(context.Context, *goredis.Client) error) error
	})
	if !ok {
		return []goredis.Cmdable{s.client}, nil
	}
	var mu sync.Mutex // ForEachMaster calls the function concurrently
	var nodes []goredis.Cmdable
	err := cluster.ForEachMaster(ctx, func(_ context.Context, node *goredis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, node)
		return nil
	})
	return nodes, err
}

// getAll calls visit for each of ids in one pipeline for each node, with a nil
// value if there is none.
func (s *store) getAll(ctx context.Context, ids []string, visit func(id string, value []byte, ttl time.Duration) error) error {
	if len(ids) == 0 {
		return nil
	}
	pipe := s.client.Pipeline()
	gets := make([]*goredis.StringCmd, len(ids))
	pttls := make([]*goredis.DurationCmd, len(ids))
	for i, id := range ids {
		gets[i], pttls[i] = pipe.Get(ctx, s.key(id)), pipe.PTTL(ctx, s.key(id))
	}
	exec(ctx, pipe)
	for i, id := range ids {
		value, ttl, err := getReply(gets[i], pttls[i])
		if err != nil && err != backends.ErrNotFound {
			return err
		}
		if err := visit(id, value, ttl); err != nil {
			return err
		}
	}
	return nil
}
