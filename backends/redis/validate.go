package redis

import (
	"errors"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

var errReplicas = errors.New("redis: the client reads from replicas, which lag behind, so a session that was just destroyed would still be found: leave ReadOnly, ReplicaOnly, RouteByLatency and RouteRandomly unset")

// validate returns an error, with a remedy, if client or prefix is unusable. It
// cannot check a client of a type that is not go-redis's own.
func validate(client goredis.UniversalClient, prefix string) error {
	if strings.HasPrefix(prefix, indexPrefix) || strings.HasPrefix(indexPrefix, prefix) {
		return errors.New("redis: Options.Prefix begins like " + indexPrefix + " and would mix sessions with the indexes of their owners: choose another")
	}
	switch c := client.(type) {
	case nil:
		return errors.New("redis: the client is nil")
	case *goredis.Client:
		if c == nil {
			return errors.New("redis: the client is nil")
		}
		o := c.Options()
		return timeouts(o.ContextTimeoutEnabled, o.ReadTimeout, o.WriteTimeout)
	case *goredis.ClusterClient:
		if c == nil {
			return errors.New("redis: the client is nil")
		}
		o := c.Options()
		if o.ReadOnly || o.RouteByLatency || o.RouteRandomly {
			return errReplicas
		}
		return timeouts(o.ContextTimeoutEnabled, o.ReadTimeout, o.WriteTimeout)
	case *goredis.AutoPipeliner:
		return errors.New("redis: an AutoPipeliner ignores the deadline of a request: use redis.Open, which sends what concurrent requests ask together, or give New the client under it")
	case *goredis.Ring:
		return errors.New("redis: a Ring moves keys to other servers when one is down and back afterwards, which revives sessions that were destroyed meanwhile: use Cluster")
	}
	return nil
}

// timeouts returns an error unless calls end with their context. A ReadTimeout
// that is longer than the context's deadline does no harm, but a negative one
// disables deadlines.
func timeouts(byContext bool, read, write time.Duration) error {
	switch {
	case !byContext:
		return errors.New("redis: the client ignores the deadline of a request, which would wait for its ReadTimeout and every retry: set ContextTimeoutEnabled, or use redis.Open")
	case read < 0 || write < 0:
		return errors.New("redis: the client sets no deadlines: set ReadTimeout and WriteTimeout to 0 or more than 0")
	}
	return nil
}

// caches reports whether client may answer a GET from its cache.
func caches(client goredis.UniversalClient) bool {
	c, ok := client.(*goredis.Client)
	return ok && c != nil && (c.Options().ClientSideCacheConfig != nil || c.Options().ClientSideCache != nil)
}
