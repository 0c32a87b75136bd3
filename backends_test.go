package sessions_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/sessionstest"
)

// kind is a backend with a configuration, and how it is tested.
type kind struct {
	name    string
	open    func(t *testing.T) func(t *testing.T) sessions.Backend
	options sessionstest.Options
}

// kinds are all backends in all configurations.
var kinds = []kind{
	{"memory", inProcess(func() sessions.Backend { return memory.New(nil) }), sessionstest.Options{Bubble: true}},
	{"memory-bounded", inProcess(func() sessions.Backend {
		return memory.New(&memory.Options{MaxSessions: 1000, Evict: true})
	}), sessionstest.Options{Bubble: true}},
	{"cookie", inProcess(func() sessions.Backend {
		return cookie.New(cookie.Encrypted(randomKey))
	}), sessionstest.Options{Bubble: true, Resolution: time.Second}},
	{"cookie-flask", inProcess(bound(cookie.Flask("secret"))), asFlask},
	{"cookie-starlette", inProcess(bound(cookie.Starlette("secret"))), asFlask},
	{"cookie-starlette-flask", inProcess(bound(cookie.StarletteFlask("secret"))), forEver},
	{"cookie-jwt", inProcess(func() sessions.Backend {
		return cookie.New(cookie.JWT(randomKey))
	}), sessionstest.Options{Bubble: true, Resolution: time.Second, Data: object}},
	{"revocable", inProcess(func() sessions.Backend {
		return cookie.Revocable(cookie.Encrypted(randomKey), memory.New(nil), rememberLong)
	}), sessionstest.Options{Bubble: true, Resolution: time.Second}},
	{"revocable-jwt", inProcess(func() sessions.Backend {
		return cookie.Revocable(cookie.JWT(randomKey), memory.New(nil), rememberLong)
	}), sessionstest.Options{Bubble: true, Resolution: time.Second, Data: object}},
	{"cookie-pyjwt", inProcess(bound(cookie.PyJWT("secret"))), forEver},
	{"redis", openRedis(services.Redis), sessionstest.Options{}},
	{"redis-idle", openRedis(services.Redis, backends.Settings{IdleTimeout: time.Hour}), sessionstest.Options{}},
	{"redis-mini", openMini, sessionstest.Options{Advance: miniForward}},
	{"redis-cluster", openRedis(redisCluster), sessionstest.Options{}},
	{"postgres", openPostgres(services.Postgres), sessionstest.Options{}},
	{"postgres-pgbouncer", openPostgres(pgBouncer), sessionstest.Options{}},
}

// rememberLong is for sessions that live as long as a cookie may.
var rememberLong = &cookie.RevocationOptions{MaxLifetime: 400 * 24 * time.Hour}

var randomKey = rand.Text() + rand.Text()

// asFlask is for tokens that contain the time of signing, in seconds, but no time to
// live. Their data is a JSON object.
var asFlask = sessionstest.Options{Bubble: true, Resolution: time.Second, Lifetime: time.Hour, Data: object}

// forEver is for tokens that contain no time, or whose time is not checked.
var forEver = sessionstest.Options{Bubble: true, Lifetime: -1, Data: object}

func bound(codec cookie.Codec) func() sessions.Backend {
	return func() sessions.Backend {
		b, _ := cookie.New(codec).Bind(backends.Settings{Cookie: "session", Lifetime: asFlask.Lifetime})
		return b
	}
}

// object returns a JSON object of n bytes or slightly more.
func object(n int) []byte {
	return fmt.Appendf(nil, `{"k":%q}`, rand.Text()+strings.Repeat("x", max(n-34, 0)))
}

// inProcess is for backends in this process, which start empty.
func inProcess(newBackend func() sessions.Backend) func(*testing.T) func(*testing.T) sessions.Backend {
	return func(*testing.T) func(*testing.T) sessions.Backend {
		return func(t *testing.T) sessions.Backend { return newBackend() }
	}
}

func openPostgres(url func(services.T) string) func(t *testing.T) func(*testing.T) sessions.Backend {
	return func(t *testing.T) func(*testing.T) sessions.Backend {
		b, err := postgres.Open(url(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		if err := b.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		return func(*testing.T) sessions.Backend { return b }
	}
}

func pgBouncer(t services.T) string { return services.PgBouncer(t, services.Postgres(t)).URL() }

func openRedis(url func(services.T) string, settings ...backends.Settings) func(t *testing.T) func(*testing.T) sessions.Backend {
	return func(t *testing.T) func(*testing.T) sessions.Backend {
		b, err := redis.Open(url(t), &redis.Options{Prefix: services.Unique("conformance") + ":"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		t.Cleanup(func() {
			b.Walk(context.Background(), func(s backends.Entry) error { return b.Remove(context.Background(), s.ID) })
		})
		bound := sessions.Backend(b)
		for _, s := range settings {
			if bound, err = b.Bind(s); err != nil {
				t.Fatal(err)
			}
		}
		return func(*testing.T) sessions.Backend { return bound }
	}
}

// mini is a Redis in this process. Its records can be made older; its clock runs on,
// for once it has been set it stands still.
var mini struct{ *miniredis.Miniredis }

func miniForward(d time.Duration) { mini.FastForward(d) }

func openMini(t *testing.T) func(*testing.T) sessions.Backend {
	mini.Miniredis = miniredis.RunT(t)
	return openRedis(func(services.T) string { return "redis://" + mini.Addr() })(t)
}

func redisCluster(t services.T) string {
	addrs := services.RedisCluster(t).Addrs()
	return "redis://" + addrs[0] + "?addr=" + strings.Join(addrs[1:], "&addr=")
}

// TestR1_Backends: every backend keeps every rule, also behind an interceptor.
func TestR1_Backends(t *testing.T) {
	for _, b := range kinds {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel() // most of the time is spent waiting for records to expire
			sessionstest.TestBackend(t, b.open(t), &b.options)
		})
		if strings.Contains(b.name, "-") {
			continue // a variant: the plain one is enough behind an interceptor
		}
		t.Run(b.name+"-intercepted", func(t *testing.T) {
			t.Parallel()
			open := b.open(t)
			sessionstest.TestBackend(t, func(t *testing.T) sessions.Backend {
				return backends.Intercept(open(t), pass)
			}, &b.options)
		})
	}
}

// TestAbilities: each backend has the abilities that the documentation lists.
func TestAbilities(t *testing.T) {
	server := []backends.Ability{backends.CanSwap, backends.CanTouch, backends.CanSubjects, backends.CanWalk}
	for name, want := range map[string][]backends.Ability{
		"memory":   append(server, backends.CanRotate, backends.CanSweep),
		"redis":    server,
		"postgres": append(server, backends.CanRotate, backends.CanSweep),
		"cookie":   {backends.CanTouch, backends.IsStateless},
	} {
		i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
		t.Run(name, func(t *testing.T) {
			b := kinds[i].open(t)(t)
			got := backends.Abilities(b)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestIntercept: an interceptor sees every operation once, under its name, and does
// not change the abilities of its backend.
func TestIntercept(t *testing.T) {
	ctx := t.Context()
	var seen []backends.Op
	inner := memory.New(nil)
	b := backends.Intercept(inner, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		seen = append(seen, op)
		return next(ctx)
	})
	if got, want := backends.Abilities(b), backends.Abilities(inner); !slices.Equal(got, want) {
		t.Errorf("got the abilities %v, want %v", got, want)
	}
	r := sessions.Record{Data: []byte("a"), TTL: time.Hour}
	for _, test := range []struct {
		op backends.Op
		do func()
	}{
		{backends.OpWrite, func() { b.Write(ctx, "id", r) }},
		{backends.OpRead, func() { b.Read(ctx, "id") }},
		{backends.OpRead, func() { backends.ReadFresh(ctx, b, "id") }},
		{backends.OpExists, func() { b.Exists(ctx, "id") }},
		{backends.OpSwap, func() { backends.Swap(ctx, b, "id", r.Data, r) }},
		{backends.OpTouch, func() { backends.Touch(ctx, b, "id", time.Hour) }},
		{backends.OpRotate, func() { backends.Rotate(ctx, b, "id", r.Data, r, "id2", r) }},
		{backends.OpList, func() { backends.ListSubject(ctx, b, "s") }},
		{backends.OpRevoke, func() { backends.RevokeSubject(ctx, b, "s", "") }},
		{backends.OpTrim, func() { backends.TrimSubject(ctx, b, "s", 1, "") }},
		{backends.OpSweep, func() { backends.Sweep(ctx, b) }},
		{backends.OpWalk, func() { backends.Walk(ctx, b, func(backends.Entry) error { return nil }) }},
		{backends.OpRemove, func() { b.Remove(ctx, "id") }},
	} {
		seen = nil
		if test.do(); !slices.Equal(seen, []backends.Op{test.op}) {
			t.Errorf("%s: the interceptor saw %q", test.op, seen)
		}
	}
}

// TestWithoutAbilities: if a backend lacks an ability, the functions of package
// backends return ErrUnsupported or use another method.
func TestWithoutAbilities(t *testing.T) {
	ctx := t.Context()
	b := new(Map)
	r := sessions.Record{Data: []byte("a"), TTL: time.Minute}
	if _, err := b.Write(ctx, "id", r); err != nil {
		t.Fatal(err)
	}
	_, list := backends.ListSubject(ctx, b, "s")
	_, revoke := backends.RevokeSubject(ctx, b, "s", "")
	_, trim := backends.TrimSubject(ctx, b, "s", 1, "")
	_, sweep := backends.Sweep(ctx, b)
	for name, err := range map[string]error{
		"Swap": backends.Swap(ctx, b, "id", r.Data, r), "Rotate": backends.Rotate(ctx, b, "id", r.Data, r, "id2", r),
		"ListSubject": list, "RevokeSubject": revoke, "TrimSubject": trim, "Sweep": sweep,
		"Walk": backends.Walk(ctx, b, nil),
	} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: got %v, want ErrUnsupported", name, err)
		}
	}
	for _, b := range []sessions.Backend{b, backends.Intercept(b, pass)} {
		if id, err := backends.Touch(ctx, b, "id", time.Hour); id != "id" || err != nil {
			t.Errorf("Touch: got %q, %v", id, err)
		}
		if got, err := b.Read(ctx, "id"); err != nil || got.TTL < 59*time.Minute {
			t.Errorf("after Touch: got %v left, %v", got.TTL, err)
		}
	}
}

func pass(ctx context.Context, _ backends.Op, next func(context.Context) error) error {
	return next(ctx)
}
