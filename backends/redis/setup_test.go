package redis_test

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/process"
	"github.com/gosessions/sessions/internal/services"
)

func TestMain(m *testing.M) {
	goredis.SetLogger(quiet{}) // what goes wrong here goes wrong on purpose
	log.SetOutput(io.Discard)
	code := m.Run()
	lasting.Close()
	os.Exit(code)
}

// lasting are the servers that all tests share; started when the first asks.
var (
	lasting  process.Lasting
	starting sync.Mutex
)

var (
	clusterURL = start(func(t services.T) string {
		addrs := services.RedisCluster(t).Addrs()
		return "redis://" + addrs[0] + "?addr=" + strings.Join(addrs[1:], "&addr=")
	})
	sentinelURL = start(func(t services.T) string {
		addrs := services.Sentinel(t).Addrs()
		return "redis://" + addrs[0] + "?master_name=" + services.SentinelName + "&addr=" + strings.Join(addrs[1:], "&addr=")
	})
)

func start(servers func(services.T) string) func() (string, error) {
	return sync.OnceValues(func() (url string, err error) {
		starting.Lock()
		defer starting.Unlock()
		err = lasting.Try(func(t services.T) { url = servers(t) })
		return url, err
	})
}

// shared returns the URL of a shared server, and skips the test where it cannot
// be had or takes too long to start.
func shared(t testing.TB, url func() (string, error)) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts several servers")
	}
	text, err := url()
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
	return text
}

type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// place is somewhere to test: a backend with keys of its own, and a way past it.
type place struct {
	*redis.Backend
	raw    goredis.UniversalClient
	prefix string
}

// at opens a place on the server behind url.
func at(t testing.TB, url string) place {
	t.Helper()
	prefix := services.Unique("test") + ":"
	b, err := redis.Open(url, &redis.Options{Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	raw := rawClient(t, url)
	t.Cleanup(func() { cleanUp(raw, prefix) })
	return place{b, raw, prefix}
}

// open opens a backend with the default options.
func open(t testing.TB, url string) *redis.Backend {
	t.Helper()
	b, err := redis.Open(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// rawClient is a client as an application might have it.
func rawClient(t testing.TB, url string) goredis.UniversalClient {
	t.Helper()
	var client goredis.UniversalClient
	switch {
	case strings.Contains(url, "master_name"):
		o, err := goredis.ParseFailoverURL(url)
		if err != nil {
			t.Fatal(err)
		}
		client = goredis.NewFailoverClient(o)
	case strings.Contains(url, "addr="):
		o, err := goredis.ParseClusterURL(url)
		if err != nil {
			t.Fatal(err)
		}
		client = goredis.NewClusterClient(o)
	default:
		o, err := goredis.ParseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		o.ContextTimeoutEnabled = true
		client = goredis.NewClient(o)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// cleanUp removes a place's keys from a server that others use.
func cleanUp(raw goredis.UniversalClient, prefix string) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if raw.Ping(ctx).Err() != nil {
		return // a server of the test's own, which is gone
	}
	ctx = context.Background()
	sweep := func(ctx context.Context, c goredis.Cmdable) error {
		for _, pattern := range []string{prefix + "*", "subjects:" + prefix + "*"} {
			keys := c.Scan(ctx, 0, pattern, 1000).Iterator()
			for keys.Next(ctx) {
				c.Del(ctx, keys.Val())
			}
		}
		return nil
	}
	if cluster, ok := raw.(*goredis.ClusterClient); ok {
		_ = cluster.ForEachMaster(ctx, func(ctx context.Context, c *goredis.Client) error { return sweep(ctx, c) })
		return
	}
	_ = sweep(ctx, raw)
}

// everywhere runs a test on each kind of Redis.
func everywhere(t *testing.T, test func(t *testing.T, p place)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) { test(t, at(t, "redis://"+miniredis.RunT(t).Addr())) })
	t.Run("redis", func(t *testing.T) { test(t, at(t, services.Redis(t))) })
	t.Run("cluster", func(t *testing.T) { test(t, at(t, shared(t, clusterURL))) })
	t.Run("sentinel", func(t *testing.T) { test(t, at(t, shared(t, sentinelURL))) })
}

func record(data string) backends.Record {
	return backends.Record{Data: []byte(data), TTL: time.Hour}
}

func owned(data, subject string) backends.Record {
	return backends.Record{Data: []byte(data), TTL: time.Hour, Subject: subject}
}

// create stores a record under id, as a commit does.
func (p place) create(t testing.TB, id string, r backends.Record) {
	t.Helper()
	if err := p.Swap(t.Context(), id, nil, r); err != nil {
		t.Fatalf("create: %v", err)
	}
}

// holds checks what is stored under id; "" means nothing.
func (p place) holds(t testing.TB, id, want string) {
	t.Helper()
	r, err := p.Read(t.Context(), id)
	switch {
	case want == "" && !errors.Is(err, backends.ErrNotFound):
		t.Errorf("Read: %q, %v; want ErrNotFound", r.Data, err)
	case want != "" && (err != nil || string(r.Data) != want):
		t.Errorf("Read: %q, %v; want %q", r.Data, err, want)
	}
}

// denies lets a command fail, but for the first passes times.
func denies(command string, passes int) server.Hook {
	var n atomic.Int64
	return func(peer *server.Peer, name string, _ ...string) bool {
		if name != command || n.Add(1) <= int64(passes) {
			return false
		}
		peer.WriteError("ERR denied")
		return true
	}
}

// count returns how many live records ListSubject finds.
func count(t *testing.T, b backends.SubjectIndex, subject string) int {
	t.Helper()
	list, err := b.ListSubject(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
