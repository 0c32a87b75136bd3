package redis

import (
	"cmp"
	"errors"
	"net/url"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Open returns a backend with a [Client] of its own, which [Backend.Close]
// closes. It does not connect: [Backend.Check] does. What concurrent calls ask
// goes to the server in one write; see the package's documentation.
func Open(url string, options *Options) (*Backend, error) {
	var o Options
	if options != nil {
		o = *options
	}
	client, forget, err := open(url, o.NearCache)
	if err != nil {
		return nil, err
	}
	o.NearCache = 0
	b := New(client, &o)
	if b.invalid != nil {
		_ = client.Close()
		return nil, b.invalid
	}
	b.store.forget = forget
	b.store.pipeline = newPipeline(client)
	b.close = b.store.pipeline.close
	return b, nil
}

// Client returns a client with the configuration that sessions need: it ends
// calls with their context, retries only reads, and reconnects as soon as a
// server is back. It does not connect yet. The caller must close it. The URL is
// one of
//
//	redis://user:password@host:6379/0
//	unix://user:password@/run/redis.sock?db=0
//	redis://sentinel1:26379/0?master_name=mymaster&addr=sentinel2:26379&username=user&password=password
//	redis://host1:6379?addr=host2:6379&addr=host3:6379
//	redis+cluster://user:password@host:6379
//
// for a single server, one behind a socket, Sentinel, and Cluster (with several
// seeds or with one). Use rediss instead of redis for TLS. The schemes valkey and
// valkeys mean the same as redis and rediss. In a URL for
// Sentinel, the user and password before the host are those of the sentinels.
// Other parameters, such as pool_size, are those of go-redis.
func Client(url string) (goredis.UniversalClient, error) {
	client, _, err := open(url, 0)
	return client, err
}

// open selects the kind of client by the form of the URL.
func open(text string, nearCache time.Duration) (client goredis.UniversalClient, forget func(key string), err error) {
	u, err := url.Parse(text)
	if err != nil || strings.Contains(u.EscapedPath()+u.RawQuery+u.EscapedFragment(), "@") {
		// The parser's own error might quote a part of the password.
		return nil, nil, errors.New("redis: the URL cannot be parsed: it is redis://user:password@host:port/database, with what is special in the password percent-encoded")
	}
	scheme, cluster := strings.CutSuffix(u.Scheme, "+cluster")
	switch scheme {
	case "redis", "rediss", "unix":
	case "valkey", "valkeys": // the same protocol; go-redis knows only the other names
		scheme = "redis" + strings.TrimPrefix(scheme, "valkey")
	default:
		return nil, nil, errors.New("redis: the URL is empty or begins with another scheme than redis, rediss, valkey, valkeys and unix: it looks like redis://user:password@host:6379/0, see redis.Client")
	}
	u.Scheme = scheme
	query := u.Query()
	sentinel := query.Has("master_name")
	cluster = !sentinel && (cluster || query.Has("addr"))
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

	switch {
	case nearCache != 0 && (sentinel || cluster):
		return nil, nil, errors.New("redis: Options.NearCache is for a single server: leave it out with Sentinel and Cluster")

	case sentinel:
		o, err := goredis.ParseFailoverURL(u.String())
		if err != nil {
			return nil, nil, err
		}
		if o.ReplicaOnly || o.RouteByLatency || o.RouteRandomly {
			return nil, nil, errReplicas
		}
		knobs{
			&o.ContextTimeoutEnabled, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout,
			&o.PoolTimeout, &o.MaxRetryBackoff, &o.DialerRetries, &o.PipelinePoolSize,
		}.set()
		o.Dialer = eager(o.DialTimeout, o.TLSConfig)
		return goredis.NewFailoverClient(o), nil, nil

	case cluster:
		o, err := goredis.ParseClusterURL(u.String())
		if err != nil {
			return nil, nil, err
		}
		knobs{
			&o.ContextTimeoutEnabled, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout,
			&o.PoolTimeout, &o.MaxRetryBackoff, &o.DialerRetries, &o.PipelinePoolSize,
		}.set()
		o.Dialer = eager(o.DialTimeout, o.TLSConfig)
		o.MaintNotificationsConfig = quiet
		o.DisableRoutingPolicies = true // every command has one key, so COMMAND is not needed
		return goredis.NewClusterClient(o), nil, nil
	}

	o, err := goredis.ParseURL(u.String())
	if err != nil {
		return nil, nil, err
	}
	knobs{
		&o.ContextTimeoutEnabled, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout,
		&o.PoolTimeout, &o.MaxRetryBackoff, &o.DialerRetries, &o.PipelinePoolSize,
	}.set()
	if u.Scheme != "unix" {
		o.Dialer = eager(o.DialTimeout, o.TLSConfig)
	}
	o.MaintNotificationsConfig = quiet
	if nearCache != 0 {
		if forget, err = addNearCache(o, nearCache); err != nil {
			return nil, nil, err
		}
	}
	return goredis.NewClient(o), forget, nil
}

// knobs are the fields that the three kinds of options have in common.
type knobs struct {
	byContext                        *bool
	dial, read, write, pool, backoff *time.Duration
	dials, pipelines                 *int
}

// set sets the defaults for what the URL does not specify.
func (k knobs) set() {
	*k.byContext = true
	*k.dial = cmp.Or(*k.dial, time.Second)
	*k.read = cmp.Or(*k.read, 2*time.Second) // usually a context's deadline comes first
	*k.write = cmp.Or(*k.write, 2*time.Second)
	*k.pool = cmp.Or(*k.pool, 2*time.Second)
	*k.backoff = cmp.Or(*k.backoff, 100*time.Millisecond)
	*k.dials = cmp.Or(*k.dials, 1)          // a command's own retries are enough
	*k.pipelines = cmp.Or(*k.pipelines, -1) // pipelines of two commands need no pool of their own
}
