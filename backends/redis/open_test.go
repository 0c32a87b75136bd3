package redis_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

func TestR28_OpenRefuses(t *testing.T) {
	for _, tt := range []struct{ url, want string }{
		{"", "redis://user:password@host"},
		{"localhost:6379", "redis://user:password@host"},
		{"localhost", "redis://user:password@host"},
		{"hunter2", "redis://user:password@host"},
		{"127.0.0.1:6379", "redis://"},
		{"http://127.0.0.1", "scheme"},
		{"valkeyss://127.0.0.1", "scheme"},
		{"redis://127.0.0.1/x", "database"},
		{"redis://127.0.0.1/0?colour=red", "colour"},
		{"redis+cluster://127.0.0.1?read_only=true", "replicas"},
		{"redis://127.0.0.1?addr=127.0.0.1:2&route_by_latency=true", "replicas"},
		{"redis://127.0.0.1?master_name=m&replica_only=true", "replicas"},
		{"redis://127.0.0.1?master_name=m&route_randomly=true", "replicas"},
		{"redis://user:hunter2/x@127.0.0.1", "percent-encode"},
		{"redis://user:hunter2 %zz@127.0.0.1", "percent-encode"},
		{"redis://user:1/hunter2@127.0.0.1", "percent-encode"},
		{"redis://user:1/2/hunter2@127.0.0.1", "percent-encode"},
		{"redis://user:1@2/hunter2@127.0.0.1", "percent-encode"},
		{"redis://user:1?hunter2@127.0.0.1", "percent-encode"},
		{"redis://user:1#hunter2@127.0.0.1", "percent-encode"},
	} {
		b, err := redis.Open(tt.url, nil)
		if err == nil {
			_ = b.Close()
			t.Errorf("Open(%q): no error", tt.url)
			continue
		}
		if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q): %q, want %q and no password", tt.url, err, tt.want)
		}
	}
	if _, err := redis.Open("redis://127.0.0.1", &redis.Options{Prefix: "sub"}); err == nil {
		t.Error("Open with a prefix that reaches the indexes: no error")
	}
}

// TestOpenWithoutServer: Open does not need the server, and a server that
// refuses costs no time: a pause between attempts would show in each of several
// calls, a busy machine does not.
func TestOpenWithoutServer(t *testing.T) {
	for _, url := range []string{
		"redis://127.0.0.1:1",
		"rediss://127.0.0.1:1",
		"redis+cluster://127.0.0.1:1",
		"unix:///nowhere/redis.sock",
	} {
		b := open(t, url)
		least := time.Hour
		for range 5 {
			start := time.Now()
			_, err := b.Read(t.Context(), "id")
			if err == nil || !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ENOENT) {
				t.Errorf("%s: %v, want a refused connection", url, err)
			}
			if least = min(least, time.Since(start)); least < time.Second {
				break
			}
		}
		if least > time.Second {
			t.Errorf("%s: refused after %v", url, least)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if err := b.Check(ctx); err == nil {
			t.Errorf("%s: Check finds nothing wrong", url)
		}
		cancel()
	}
}

func TestOpenSettings(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{Password: "p@ss/word"})
	for _, tt := range []struct{ name, url string }{
		{"database", server.URL()[:len(server.URL())-1] + "3"},
		{"parameter", server.URL() + "?db=3&pool_size=1&read_timeout=5s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := open(t, tt.url)
			if err := b.Check(t.Context()); err != nil {
				t.Errorf("Check: %v", err)
			}
			if _, err := b.Write(t.Context(), "id", record("x")); err != nil {
				t.Fatal(err)
			}
			raw := rawClient(t, tt.url)
			if got := raw.Get(t.Context(), "sessions:id").Val(); got != "x" {
				t.Errorf("database 3 holds %q under the default prefix, want x", got)
			}
		})
	}
	t.Run("wrong password", func(t *testing.T) {
		b := open(t, "redis://:wrong@"+server.Addr())
		err := b.Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), "wrong@") {
			t.Errorf("Check: %v, want WRONGPASS", err)
		}
	})
}

func TestClose(t *testing.T) {
	url := services.Redis(t)
	b, err := redis.Open(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := b.Bind(backends.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := bound.Read(t.Context(), "id"); !errors.Is(err, goredis.ErrClosed) {
		t.Errorf("Read after Close: %v, want ErrClosed", err)
	}

	// What the caller made, the caller closes.
	client := rawClient(t, url)
	if err := redis.New(client, nil).Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Errorf("Close closed a client that is not the backend's: %v", err)
	}
}

func TestR12_R28_Validate(t *testing.T) {
	good := func() *goredis.Options { return &goredis.Options{ContextTimeoutEnabled: true} }
	client := func(change func(*goredis.Options)) goredis.UniversalClient {
		o := good()
		change(o)
		return goredis.NewClient(o)
	}
	cluster := func(change func(*goredis.ClusterOptions)) goredis.UniversalClient {
		o := &goredis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: true}
		change(o)
		return goredis.NewClusterClient(o)
	}
	plain := goredis.NewClient(good())
	for _, tt := range []struct {
		name   string
		client goredis.UniversalClient
		prefix string
		want   string // "" for none
	}{
		{"good", plain, "", ""},
		{"good cluster", cluster(func(*goredis.ClusterOptions) {}), "", ""},
		{"retries are harmless", client(func(o *goredis.Options) { o.MaxRetries = 10 }), "", ""},
		{"so is a long timeout", client(func(o *goredis.Options) { o.ReadTimeout = time.Minute }), "", ""},
		{"nil", nil, "", "nil"},
		{"typed nil", (*goredis.Client)(nil), "", "nil"},
		{"typed nil cluster", (*goredis.ClusterClient)(nil), "", "nil"},
		{"E5: deaf to contexts", client(func(o *goredis.Options) { o.ContextTimeoutEnabled = false }), "", "ContextTimeoutEnabled"},
		{"E5: cluster deaf to contexts", cluster(func(o *goredis.ClusterOptions) { o.ContextTimeoutEnabled = false }), "", "ContextTimeoutEnabled"},
		{"no deadlines", client(func(o *goredis.Options) { o.ReadTimeout = -2 }), "", "ReadTimeout"},
		{"no deadlines for writes", client(func(o *goredis.Options) { o.WriteTimeout = -2 }), "", "WriteTimeout"},
		{"R28: replicas", cluster(func(o *goredis.ClusterOptions) { o.ReadOnly = true }), "", "replicas"},
		{"R28: nearest", cluster(func(o *goredis.ClusterOptions) { o.RouteByLatency = true }), "", "replicas"},
		{"R28: any", cluster(func(o *goredis.ClusterOptions) { o.RouteRandomly = true }), "", "replicas"},
		{"E5: automatic pipelines", autoPipeliner(t, plain), "", "AutoPipeliner"},
		{"ring", goredis.NewRing(&goredis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1"}}), "", "Ring"},
		{"prefix", plain, "app:", ""},
		{"prefix of the indexes", plain, "s", "Prefix"},
		{"prefix like the indexes", plain, "subjects:", "Prefix"},
		{"prefix within the indexes", plain, "subjects:sessions:", "Prefix"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := redis.New(tt.client, &redis.Options{Prefix: tt.prefix})
			err := backends.Describe(b).Err
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("Validate: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("Validate: %v, want one about %s", err, tt.want)
			case tt.want != "" && b.Check(t.Context()) != err:
				t.Error("Check does not return what Validate finds")
			}
		})
		if c, ok := tt.client.(interface{ Close() error }); ok && !strings.HasPrefix(tt.name, "typed") && tt.client != plain {
			_ = c.Close()
		}
	}
	_ = plain.Close()
}

// TestR29_Eviction: an eviction policy that takes an index before its sessions.
func TestR29_Eviction(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{Config: []string{"maxmemory 50mb"}})
	for policy, fine := range map[string]bool{
		"noeviction": true, "volatile-ttl": true, "allkeys-lru": false, "volatile-lru": false, "volatile-random": false,
	} {
		if _, err := server.Do("CONFIG", "SET", "maxmemory-policy", policy); err != nil {
			t.Fatal(err)
		}
		if err := open(t, server.URL()).Check(t.Context()); (err == nil) != fine || err != nil && !strings.Contains(err.Error(), policy) {
			t.Errorf("Check with %s: %v; want an error: %v", policy, err, !fine)
		}
	}
}

// TestOpenValkey: the schemes of Valkey mean those of Redis, with and without TLS.
func TestOpenValkey(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{Password: "p@ss/word"})
	for _, parameters := range []string{"", "?db=3&pool_size=1"} {
		b := open(t, strings.Replace(server.URL(), "redis://", "valkey://", 1)+parameters)
		if err := b.Check(t.Context()); err != nil {
			t.Errorf("Check with %q: %v", parameters, err)
		}
	}
	cluster := open(t, strings.Replace(shared(t, clusterURL), "redis://", "valkey://", 1))
	if err := cluster.Check(t.Context()); err != nil {
		t.Errorf("Check of a cluster: %v", err)
	}

	tls := httptest.NewTLSServer(nil)
	defer tls.Close()
	address := tls.Listener.Addr().String()
	err := open(t, "valkeys://"+address).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("valkeys: %v, want one about the server's certificate", err)
	}
	err = open(t, "valkeys+cluster://"+address).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("valkeys+cluster: %v, want one about the server's certificate", err)
	}
}

// autoPipeliner returns the AutoPipeliner of a client.
func autoPipeliner(t *testing.T, client goredis.UniversalClient) goredis.UniversalClient {
	t.Helper()
	p, err := client.(*goredis.Client).AutoPipeline()
	if err != nil {
		t.Fatal(err)
	}
	return p
}
