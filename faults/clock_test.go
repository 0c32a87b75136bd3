package faults_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/internal/services"
)

// skews are by how much the store's clock is ahead of the instances'.
var skews = []time.Duration{5 * time.Minute, -5 * time.Minute}

// clockJumps sets the store's clock forward and back while the users work.
// Nobody notices.
func clockJumps(name string, clock *services.Clock) fault {
	return fault{
		name: name,
		strike: func(w *world) {
			for _, ahead := range append(skews, 0) {
				clock.Set(ahead)
				w.faults.Add(1)
				time.Sleep(long(10*time.Second) / 3)
			}
		},
		mayRefuse: 0.01,
	}
}

func TestF14_RedisClock(t *testing.T) {
	clock := services.NewClock(t)
	server := services.RedisServer(t, services.RedisOptions{Clock: clock})
	p := redisPlan(server, server.URL())
	p.timeout = 2 * time.Second
	t.Run("R25", func(t *testing.T) { expiresInTime(t, clock, p) })
	newWorld(t, p).run(clockJumps("F14 Redis: clock set forward and back by 5 minutes", clock))
}

// TestF25_PostgresClock: that the instances' clocks are wrong is the same as
// that the server's is: what counts is how far they are apart.
func TestF25_PostgresClock(t *testing.T) {
	clock := services.NewClock(t)
	server := services.PostgresServer(t, services.PostgresOptions{Clock: clock})
	p := postgresPlan(t, server.URL(), server.URL())
	p.timeout = 2 * time.Second
	t.Run("R25", func(t *testing.T) { expiresInTime(t, clock, p) })
	newWorld(t, p).run(clockJumps("F25 Postgres: clock set forward and back by 5 minutes", clock))
}

// TestF45_MariaDBClock: the same as TestF25_PostgresClock.
func TestF45_MariaDBClock(t *testing.T) {
	clock := services.NewClock(t)
	server, p := privateMariaDB(t, services.MariaDBOptions{Clock: clock})
	p.timeout = 2 * time.Second
	clock.Set(5 * time.Minute)
	db := direct(t, "mysql", server.DSN(database))
	defer db.Close()
	var now int64
	if err := db.QueryRow(`SELECT UNIX_TIMESTAMP()`).Scan(&now); err != nil || now < time.Now().Unix()+290 {
		t.Fatalf("the server's clock is %d s ahead, %v, want 300", now-time.Now().Unix(), err)
	}
	t.Run("R25", func(t *testing.T) { expiresInTime(t, clock, p) })
	newWorld(t, p).run(clockJumps("F45 MariaDB: clock set forward and back by 5 minutes", clock))
}

// expiresInTime checks that a record lives for as long as it was given, however
// far the store's clock is off.
func expiresInTime(t *testing.T, clock *services.Clock, p plan) {
	const ttl, late = time.Second, 200 * time.Millisecond
	b := p.backend(t)
	defer b.(io.Closer).Close()
	for _, ahead := range skews {
		clock.Set(ahead)
		for _, touched := range []bool{false, true} {
			id, record := services.Unique("id-"), sessions.Record{Data: []byte("data"), TTL: ttl}
			if touched {
				record.TTL = time.Hour
			}
			began := time.Now()
			_, err := b.Write(t.Context(), id, record)
			if err == nil && touched {
				_, err = backends.Touch(t.Context(), b, id, ttl)
			}
			stored := time.Now()
			var lived time.Duration // at least
			for err == nil && lived < ttl+late {
				lived = time.Since(stored)
				if _, err = b.Read(t.Context(), id); err == nil {
					time.Sleep(10 * time.Millisecond)
				}
			}
			if !errors.Is(err, sessions.ErrNotFound) || time.Since(began) < ttl {
				t.Errorf("clock %v ahead, touched %v: after %v the record is gone: %v; want that after %v", ahead, touched, lived, err, ttl)
			}
		}
	}
	clock.Set(0)
}
