package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// never keeps a backend from sweeping by itself.
const never = -1 * time.Second

// database is a backend on an empty database of its own, and a way to look
// behind it.
type database struct {
	*postgres.Backend
	t    testing.TB
	url  string
	pool *pgxpool.Pool // the test's own, not the backend's
}

// open makes an empty database with a table and a backend that does not
// sweep by itself.
func open(t testing.TB) *database {
	t.Helper()
	url := services.Postgres(t)
	return openURL(t, url, url)
}

// openURL is open for a database that is reached at url, and directly at direct.
func openURL(t testing.TB, url, direct string) *database {
	t.Helper()
	d := &database{t: t, url: url, pool: newPool(t, direct)}
	var err error
	if d.Backend, err = postgres.Open(url, &postgres.Options{SweepEvery: never}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Backend.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

func newPool(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// sql runs a statement as an operator would.
func (d *database) sql(statement string, args ...any) {
	d.t.Helper()
	if _, err := d.pool.Exec(d.t.Context(), statement, args...); err != nil {
		d.t.Fatal(err)
	}
}

// get returns the one value that a query yields.
func get[T any](d *database, query string, args ...any) T {
	d.t.Helper()
	var value T
	if err := d.pool.QueryRow(d.t.Context(), query, args...).Scan(&value); err != nil {
		d.t.Fatal(err)
	}
	return value
}

// expire lets the server's clock pass the end of a record.
func (d *database) expire(ids ...string) {
	d.t.Helper()
	for _, id := range ids {
		d.sql(`UPDATE sessions SET expires_at = now() - interval '1 microsecond' WHERE id = $1`, []byte(id))
	}
}

func (d *database) write(id, data, subject string) {
	d.t.Helper()
	if _, err := d.Write(d.t.Context(), id, record(data, subject)); err != nil {
		d.t.Fatal(err)
	}
}

// data returns what is stored, "" if nothing is.
func (d *database) data(id string) string {
	d.t.Helper()
	r, err := d.Read(d.t.Context(), id)
	if err == backends.ErrNotFound {
		return ""
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return string(r.Data)
}

// subject returns whose record it is, "" for nobody's.
func (d *database) subject(id string) string {
	d.t.Helper()
	return string(get[[]byte](d, `SELECT subject FROM sessions WHERE id = $1`, []byte(id)))
}

func record(data, subject string) backends.Record {
	r := backends.Record{TTL: time.Hour, Subject: subject}
	if data != "" {
		r.Data = []byte(data)
	}
	return r
}

func bytesOf(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

func id(n int) string { return fmt.Sprintf("id-%08d", n) }

// count returns how many live records ListSubject finds.
func count(t *testing.T, b backends.SubjectIndex, subject string) int {
	t.Helper()
	list, err := b.ListSubject(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
