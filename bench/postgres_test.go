package bench

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// floorPostgres is a handler over a table by hand: one statement to read, one to
// write.
func floorPostgres(tb testing.TB, pool *pgxpool.Pool, what string, m map[string]any) contestant {
	tb.Helper()
	ctx := context.Background()
	exec := func(sql string, args ...any) error {
		_, err := pool.Exec(ctx, sql, args...)
		return err
	}
	id := newToken()
	if err := errors.Join(
		exec(`CREATE TABLE IF NOT EXISTS floor (id text PRIMARY KEY, data bytea NOT NULL, expires_at timestamptz NOT NULL)`),
		exec(`INSERT INTO floor VALUES ($1, $2, now() + interval '14 days')`, id, objectOf(m)),
	); err != nil {
		tb.Fatal(err)
	}
	request := httptest.NewRequest("GET", "/", nil)
	request.AddCookie(&http.Cookie{Name: "session", Value: id})
	return contestant{"floor", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Vary"] = []string{"Cookie"}
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		id := cookieValue(r, "session")
		var data []byte
		must(pool.QueryRow(ctx, `SELECT data FROM floor WHERE id = $1 AND expires_at > now()`, id).Scan(&data))
		start, end := scan(data, "n")
		n, _ := strconv.Atoi(string(data[start:end]))
		sink = n
		if what == "write" {
			_, err := pool.Exec(ctx, `UPDATE floor SET data = $2, expires_at = now() + $3::interval WHERE id = $1`,
				id, slices.Concat(data[:start], strconv.AppendInt(nil, int64(n+1), 10), data[end:]), 14*24*time.Hour)
			must(err)
		}
	}), request}
}

// TestPostgres is the time of budget B7: how long requests take beside a handler
// that does the same by hand, at their best of many turns, taken alternately.
func TestPostgres(t *testing.T) {
	turns := 400
	if testing.Short() {
		turns = 3
	}
	url := services.Postgres(t)
	for _, row := range []struct {
		name, what string
		settings   []string
		values     map[string]any
	}{
		{"read, 3 keys", "read", nil, values(3)},
		{"read, 16 KB", "read", nil, big()},
		{"write, 3 keys, without waiting for the disk", "write", []string{"synchronous_commit=off"}, values(3)},
		{"write, 16 KB, without waiting for the disk", "write", []string{"synchronous_commit=off"}, big()},
		{"write, 3 keys", "write", nil, values(3)},
	} {
		address := services.With(t, url, row.settings...)
		pool, err := pgxpool.New(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		b, err := postgres.Open(address, &postgres.Options{SweepEvery: -1})
		if err == nil {
			err = b.Migrate(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		contestants := []contestant{floorPostgres(t, pool, row.what, row.values), oursOn(t, b, row.what, row.values)}
		least := []time.Duration{time.Hour, time.Hour}
		for range turns {
			for i, c := range contestants {
				const requests = 20
				w := discard{make(http.Header)}
				began := time.Now()
				for range requests {
					clear(w.header)
					c.handler.ServeHTTP(w, c.request)
				}
				least[i] = min(least[i], time.Since(began)/requests)
			}
		}
		ratio := float64(least[1]) / float64(least[0])
		t.Logf("Postgres, %s: %v, the floor %v: %.2f", row.name, least[1], least[0], ratio)
		if ratio > 1.15 && os.Getenv("BUDGETS") != "" {
			t.Errorf("%s: %.2f times the floor, the budget is 1.15", row.name, ratio)
		}
		pool.Close()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}
