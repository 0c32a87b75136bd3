package explore_test

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/explore"
	"github.com/gosessions/sessions/internal/services"
)

// commands holds a thread before each command that Redis is sent.
type commands struct{}

func (commands) DialHook(next goredis.DialHook) goredis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (commands) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		explore.Pause(ctx, cmd.Name())
		return next(ctx, cmd)
	}
}

func (commands) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		explore.Pause(ctx, "pipeline")
		return next(ctx, cmds)
	}
}

// inRedis is the setup for a real Redis, held at each command.
func inRedis(t *testing.T) explore.Setup {
	client, err := redis.Client(services.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	prefix := services.Unique("explore")
	t.Cleanup(func() {
		ctx := context.Background()
		for _, pattern := range []string{prefix + "*", "subjects:" + prefix + "*"} {
			keys := client.Scan(ctx, 0, pattern, 1000).Iterator()
			for keys.Next(ctx) {
				client.Del(ctx, keys.Val())
			}
		}
		_ = client.Close()
	})
	client.AddHook(commands{})
	var runs atomic.Int64
	return explore.Setup{Name: "Redis", Real: true, Store: func() sessions.Backend {
		return redis.New(client, &redis.Options{Prefix: fmt.Sprint(prefix, runs.Add(1), ":")})
	}}
}

// statements holds a thread before each statement that Postgres is sent.
type statements struct{}

func (statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	explore.Pause(ctx, "statement")
	return ctx
}

func (statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// inPostgres is the setup for a real Postgres, held at each statement.
func inPostgres(t *testing.T) explore.Setup {
	ctx := context.Background()
	config, err := pgxpool.ParseConfig(services.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Tracer = statements{}
	config.MaxConns = 8 // a thread that is held keeps its connection
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	b := postgres.New(pool, &postgres.Options{SweepEvery: -1})
	t.Cleanup(func() {
		_ = b.Close()
		pool.Close()
	})
	if err := b.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	return explore.Setup{Name: "Postgres", Real: true, Store: func() sessions.Backend {
		if _, err := pool.Exec(ctx, "TRUNCATE sessions"); err != nil {
			t.Error(err)
		}
		return b
	}}
}

// quick are the faults for which nobody has to wait.
var quick = []explore.Fault{explore.Refused, explore.Lost, explore.Cut, explore.Killed, explore.KilledAfter}

// reduced returns setup, and it with each ability taken away.
func reduced(setup explore.Setup) []explore.Setup {
	list := []explore.Setup{setup}
	for _, without := range [][]backends.Ability{
		{backends.CanRotate}, {backends.CanTouch}, {backends.CanSubjects}, {backends.CanSwap, backends.CanRotate},
		{backends.CanSwap, backends.CanRotate, backends.CanTouch, backends.CanSubjects},
	} {
		s := setup
		s.Name = fmt.Sprintf("%s without %v", setup.Name, without)
		s.Without, s.Weak = without, without[0] == backends.CanSwap
		list = append(list, s)
	}
	return list
}

// TestRealStores: the same requests on real servers, in orders drawn at random.
func TestRealStores(t *testing.T) {
	for name, open := range map[string]func(*testing.T) explore.Setup{"redis": inRedis, "postgres": inPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, setup := range reduced(open(t)) {
				most, every := 1, 1
				switch {
				case whole:
					most = 100
				case len(setup.Without) > 0:
					every = 10
				}
				sum := newTally(t, setup.Name)
				n := 0
				for faults := range 2 {
					pairs(setup, everything, func(a, b explore.Program) {
						if n++; a.Locks || b.Locks || n%every > 0 {
							return // those wait for each other outside of the gates
						}
						s := explore.Scenario{Setup: setup, Requests: []explore.Program{a, b}, Faults: faults, Kinds: quick}
						sum.explore(s, explore.Options{Random: true, Most: most})
					})
				}
			}
		})
	}
}
