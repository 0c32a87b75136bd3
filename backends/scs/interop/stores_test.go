// Package interop tests package backends/scs with the real library and its real
// stores. It is a module of its own, so that nobody else needs them.
package interop_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/redisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/gomodule/redigo/redis"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver for postgresstore
	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
	scsbackend "github.com/gosessions/sessions/backends/scs"
	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/sessionstest"
)

// stores are real stores of scs.
var stores = map[string]func(t *testing.T) scs.Store{
	"memstore": func(*testing.T) scs.Store { return memstore.NewWithCleanupInterval(0) },
	"redisstore": func(t *testing.T) scs.Store {
		url := services.Redis(t)
		pool := &redis.Pool{Dial: func() (redis.Conn, error) { return redis.DialURL(url) }}
		t.Cleanup(func() { _ = pool.Close() })
		return redisstore.NewWithPrefix(pool, services.Unique("scs")+":")
	},
	"goredisstore": func(t *testing.T) scs.Store {
		options, err := goredis.ParseURL(services.Redis(t))
		if err != nil {
			t.Fatal(err)
		}
		client := goredis.NewClient(options)
		t.Cleanup(func() { _ = client.Close() })
		return goredisstore.NewWithPrefix(client, services.Unique("scs")+":")
	},
	"pgxstore": func(t *testing.T) scs.Store {
		pool, err := pgxpool.New(t.Context(), table(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		return pgxstore.NewWithCleanupInterval(pool, 0)
	},
	"postgresstore": func(t *testing.T) scs.Store {
		return postgresstore.NewWithCleanupInterval(open(t, table(t)), 0)
	},
}

// table returns a database with the table that scs asks for.
func table(t *testing.T) (dsn string) {
	t.Helper()
	dsn = services.Postgres(t)
	if _, err := open(t, dsn).ExecContext(t.Context(), `
		CREATE TABLE sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL);
		CREATE INDEX sessions_expiry_idx ON sessions (expiry)`); err != nil {
		t.Fatal(err)
	}
	return dsn
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestConformance runs every rule on real stores of scs, and on our own memory
// backend as one.
func TestConformance(t *testing.T) {
	t.Parallel()
	if len(stores) < 5 {
		t.Fatalf("%d stores, want 5", len(stores))
	}
	for name, newStore := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStore(t)
			sessionstest.TestBackend(t, func(*testing.T) backends.Backend { return scsbackend.New(store, nil) }, nil)
		})
	}
}

// TestWalks: every one of these stores can list its sessions.
func TestWalks(t *testing.T) {
	t.Parallel()
	for name, newStore := range stores {
		if !backends.Has(scsbackend.New(newStore(t), nil), backends.CanWalk) {
			t.Errorf("%s cannot walk", name)
		}
	}
}

// TestExpiry: the stores themselves find nothing any more after the time that
// they were told.
func TestExpiry(t *testing.T) {
	t.Parallel()
	for name, newStore := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStore(t)
			b := scsbackend.New(store, nil)
			const id = "0123456789abcdefghijklmnopqrstuvwxyzABCDE_-"
			if _, err := b.Write(t.Context(), id, backends.Record{Data: []byte("x"), TTL: time.Millisecond}); err != nil {
				t.Fatal(err)
			}
			await(t, "the store forgets the record", func() bool {
				found, err := find(t, store, id)
				return err == nil && !found
			})
		})
	}
}

func find(t *testing.T, store scs.Store, token string) (bool, error) {
	if s, ok := store.(scs.CtxStore); ok {
		_, found, err := s.FindCtx(t.Context(), token)
		return found, err
	}
	_, found, err := store.Find(token)
	return found, err
}

// await waits until ok.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: still not so", what)
		}
	}
}
