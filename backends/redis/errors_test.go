package redis_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// commits are the ways in which a commit changes what is stored: "id" holds 1.
func commits(t *testing.T, b backends.Swapper) map[string]error {
	t.Helper()
	ctx := t.Context()
	limited := owned("more", "carol")
	limited.SubjectLimit = 5
	return map[string]error{
		"create":               b.Swap(ctx, "new", nil, record("more")),
		"create with an owner": b.Swap(ctx, "new", nil, owned("more", "bob")),
		"create one of 5":      b.Swap(ctx, "new", nil, limited),
		"replace":              b.Swap(ctx, "id", []byte("1"), record("more")),
		"give an owner":        b.Swap(ctx, "id", []byte("1"), owned("more", "bob")),
	}
}

// TestErrors_SayThatNothingWasChanged: where the server refuses a commit, or was
// never reached, nobody has to find out.
func TestErrors_SayThatNothingWasChanged(t *testing.T) {
	const closed = "127.0.0.1:1"
	for _, tt := range []struct {
		name   string
		before []string // what the server is told
		url    func(string) string
		want   string // in the error
	}{
		{name: "full", before: []string{"CONFIG", "SET", "maxmemory", "1"}, want: "OOM"},
		{name: "read only", before: []string{"REPLICAOF", "127.0.0.1", "1"}, want: "READONLY"},
		{name: "no replica", before: []string{"CONFIG", "SET", "min-replicas-to-write", "1"}, want: "NOREPLICAS"},
		{name: "no right", before: []string{"ACL", "SETUSER", "default", "-set", "-eval", "-evalsha"}, want: "NOPERM"},
		{name: "no right in a script", before: []string{"ACL", "SETUSER", "default", "-set", "-zadd"}, want: ""},
		{name: "wrong password", url: func(url string) string { return strings.Replace(url, "://", "://nobody:wrong@", 1) }, want: "WRONGPASS"},
		{name: "no server", url: func(string) string { return "redis://" + closed }, want: "refused"},
		{name: "no cluster's server", url: func(string) string { return "redis+cluster://" + closed }, want: "refused"},
		{name: "no host", url: func(string) string { return "redis://sessions.invalid" }, want: "sessions.invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := services.RedisServer(t, services.RedisOptions{})
			if err := open(t, server.URL()).Swap(t.Context(), "id", nil, record("1")); err != nil {
				t.Fatal(err)
			}
			if tt.before != nil {
				if _, err := server.Do(tt.before...); err != nil {
					t.Fatal(err)
				}
			}
			url := server.URL()
			if tt.url != nil {
				url = tt.url(url)
			}
			for name, err := range commits(t, open(t, url)) {
				if !errors.Is(err, backends.ErrNotApplied) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s: got %v, want an ErrNotApplied with %q", name, err, tt.want)
				}
			}
		})
	}
}

// TestErrors_OfAClientOfTheApplication: a client that redis.Open did not make fails
// in other words.
func TestErrors_OfAClientOfTheApplication(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	busy := goredis.NewClient(&goredis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true, PoolSize: 1, PoolTimeout: time.Millisecond})
	defer busy.Close()
	held := busy.Conn()
	defer held.Close()
	if err := held.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	away := goredis.NewClient(&goredis.Options{Addr: "127.0.0.1:1", ContextTimeoutEnabled: true, DialerRetries: 1})
	defer away.Close()
	closed := goredis.NewClient(&goredis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
	_ = closed.Close()
	for what, client := range map[string]*goredis.Client{"busy": busy, "away": away, "closed": closed} {
		for name, err := range commits(t, redis.New(client, nil)) {
			if !errors.Is(err, backends.ErrNotApplied) {
				t.Errorf("%s: %s: got %v, want an ErrNotApplied", what, name, err)
			}
		}
	}
}

// TestErrors_LeaveOpenWhatIsOpen: a lost reply proves nothing, and neither does an
// error of a kind that a proxy makes.
func TestErrors_LeaveOpenWhatIsOpen(t *testing.T) {
	server := miniredis.RunT(t)
	proxy := startLeaky(t, server.Addr())
	b := open(t, "redis://"+proxy.listener.Addr().String())
	proxy.lose.Store(1)
	proxy.name.Store("set")
	if err := b.Swap(t.Context(), "id", nil, record("1")); err == nil || errors.Is(err, backends.ErrNotApplied) {
		t.Errorf("a lost reply: got %v, want an error that does not say ErrNotApplied", err)
	}
	server.Server().SetPreHook(denies("SET", 0))
	if err := open(t, "redis://"+server.Addr()).Swap(t.Context(), "other", nil, record("1")); err == nil || errors.Is(err, backends.ErrNotApplied) {
		t.Errorf("a reply that begins with ERR: got %v, want an error that does not say ErrNotApplied", err)
	}
}

// TestZeroValue_IsRefusedWithTheRemedy when the middleware is made.
func TestZeroValue_IsRefusedWithTheRemedy(t *testing.T) {
	for name, b := range map[string]sessions.Backend{
		"zero": new(redis.Backend), "shared": new(redis.Shared), "nil": (*redis.Backend)(nil), "nil and shared": (*redis.Shared)(nil),
	} {
		if _, err := sessions.New(b, nil); err == nil || !strings.HasPrefix(name, "nil") && !strings.Contains(err.Error(), "redis.Open") {
			t.Errorf("%s: got %v, want an error that names the remedy", name, err)
		}
	}
	if err := new(redis.Backend).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "redis.Open") {
		t.Errorf("Check: got %v, want an error that names the remedy", err)
	}
}
