package bench

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	goredis "github.com/redis/go-redis/v9"
)

// The floors on servers overwrite what is stored, as the peers do: if two requests
// change one session at the same time, one of the changes is lost.

const (
	lifetime = 14 * 24 * time.Hour
	patience = 2 * time.Second // with a server
)

// floorGoRedis is a handler over a client by hand: one command to read, one to write.
func floorGoRedis(client goredis.UniversalClient, what string, m map[string]any) contestant {
	key := func(id string) string { return "floor:" + id }
	c := contestant{name: "floor"}
	c.enter = func() string {
		id := newToken()
		must(client.Set(context.Background(), key(id), objectOf(m), lifetime).Err())
		return "session=" + id
	}
	c.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Vary"] = []string{"Cookie"}
		if what == "untouched" {
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		if what == "create" {
			id := newToken()
			must(client.Set(ctx, key(id), `{"n":1}`, lifetime).Err())
			setCookie(w, "session", id)
			return
		}
		id := cookieValue(r, "session")
		data, err := client.Get(ctx, key(id)).Bytes()
		must(err)
		var out []byte
		out, sink = increment(data, what != "read")
		switch what {
		case "write":
			must(client.Set(ctx, key(id), out, lifetime).Err())
		case "login":
			next := newToken()
			pipe := client.Pipeline()
			pipe.Set(ctx, key(next), out, lifetime)
			pipe.Del(ctx, key(id))
			_, err := pipe.Exec(ctx)
			must(err)
			setCookie(w, "session", next)
		}
	})
	return c.ready(what)
}

// floorPostgres is a handler over a table by hand: one statement to read, one to
// write.
func floorPostgres(tb testing.TB, pool *pgxpool.Pool, what string, m map[string]any) contestant {
	tb.Helper()
	exec := func(ctx context.Context, sql string, args ...any) {
		_, err := pool.Exec(ctx, sql, args...)
		must(err)
	}
	exec(tb.Context(), `CREATE TABLE IF NOT EXISTS floor (id text PRIMARY KEY, data bytea NOT NULL, expires_at timestamptz NOT NULL)`)
	const insert = `INSERT INTO floor VALUES ($1, $2, now() + $3::interval)`
	c := contestant{name: "floor"}
	c.enter = func() string {
		id := newToken()
		exec(context.Background(), insert, id, objectOf(m), lifetime)
		return "session=" + id
	}
	c.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Vary"] = []string{"Cookie"}
		if what == "untouched" {
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		if what == "create" {
			id := newToken()
			exec(ctx, insert, id, []byte(`{"n":1}`), lifetime)
			setCookie(w, "session", id)
			return
		}
		id := cookieValue(r, "session")
		var data, out []byte
		must(pool.QueryRow(ctx, `SELECT data FROM floor WHERE id = $1 AND expires_at > now()`, id).Scan(&data))
		out, sink = increment(data, what != "read")
		switch what {
		case "write":
			exec(ctx, `UPDATE floor SET data = $2, expires_at = now() + $3::interval WHERE id = $1`, id, out, lifetime)
		case "login":
			next := newToken()
			exec(ctx, `UPDATE floor SET id = $4, data = $2, expires_at = now() + $3::interval WHERE id = $1`, id, out, lifetime, next)
			setCookie(w, "session", next)
		}
	})
	return c.ready(what)
}
