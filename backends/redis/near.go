package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// nearCacheBytes is the maximum size of a near cache; a sixteenth of it is the
// maximum size of a record in it.
const nearCacheBytes = 64 << 20

// addNearCache makes a client answer GETs from its memory until the server
// reports that the key has changed. It returns a function that forgets a key.
func addNearCache(o *goredis.Options, staleness time.Duration) (forget func(key string), err error) {
	if staleness < 0 || o.DB != 0 {
		return nil, errors.New("redis: Options.NearCache needs a bound of more than 0 and the database 0")
	}
	cache := goredis.NewLocalCache(goredis.CacheConfig{MaxMemoryBytes: nearCacheBytes, MaxStaleness: staleness})
	o.ClientSideCache = cache
	// go-redis prefixes the cache's keys with the database and the user's name.
	namespace := fmt.Sprintf("%d\x00%d:%s\x00", o.DB, len(o.Username), o.Username)
	return func(key string) { cache.DeleteByRedisKey(namespace + key) }, nil
}

// changed forgets the cached value under key, so that this process sees its own
// change at once. Other processes see it when the server notifies them.
func (s *store) changed(key string) {
	if s.forget != nil {
		s.forget(key)
	}
}

// getFresh is like get but bypasses the client's cache.
func (s *store) getFresh(ctx context.Context, id string) ([]byte, time.Duration, error) {
	if s.withTTL || !s.cached {
		return s.get(ctx, id) // pipelines are never answered from memory
	}
	text, err := s.once(ctx, "get", s.key(id)).Text()
	return []byte(text), 0, found(err)
}
