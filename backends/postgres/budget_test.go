package postgres_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/race"
	"github.com/gosessions/sessions/internal/services"
)

// TestB7_OneStatementAnOperation: every operation is one statement, counted by
// the server: as transactions in a database that nobody else uses.
func TestB7_OneStatementAnOperation(t *testing.T) {
	d := open(t)
	ctx := t.Context()
	name := get[string](d, `SELECT current_database()`)
	d.pool.Close()
	d.Backend.Close()
	server := &database{t: t, pool: newPool(t, services.FindPostgres())}

	// transactions returns how many the database has seen. A connection has
	// reported all of its own when it has ended.
	transactions := func() int {
		t.Helper()
		for get[bool](server, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1)`, name) {
			server.sql(`SELECT pg_sleep(0.01)`)
		}
		return get[int](server, `SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1`, name)
	}
	// used returns how many it takes to connect, to prepare, and to carry out
	// op for the IDs from first to before end.
	used := func(first, end int, op func(b *postgres.Backend, id string) error) int {
		t.Helper()
		before := transactions()
		b, err := postgres.Open(d.url, &postgres.Options{SweepEvery: never})
		if err != nil {
			t.Fatal(err)
		}
		for i := first; i < end; i++ {
			if err := op(b, id(i)); err != nil {
				t.Fatal(err)
			}
		}
		b.Close()
		return transactions() - before
	}
	for _, op := range []struct {
		name string
		call func(b *postgres.Backend, id string) error
	}{
		{"create", func(b *postgres.Backend, id string) error { return b.Swap(ctx, id, nil, record("a", "alice")) }},
		{"read", func(b *postgres.Backend, id string) error { _, err := b.Read(ctx, id); return err }},
		{"exists", func(b *postgres.Backend, id string) error { _, err := b.Exists(ctx, id); return err }},
		{"touch", func(b *postgres.Backend, id string) error { _, err := b.Touch(ctx, id, time.Hour); return err }},
		{"commit", func(b *postgres.Backend, id string) error { return b.Swap(ctx, id, []byte("a"), record("b", "alice")) }},
		{"conflict", func(b *postgres.Backend, id string) error {
			if b.Swap(ctx, id, []byte("a"), record("b", "alice")) == nil {
				return fmt.Errorf("want a conflict")
			}
			return nil
		}},
		{"regenerate", func(b *postgres.Backend, id string) error {
			return b.Rotate(ctx, id, []byte("b"), record("m", ""), "new-"+id, record("c", id))
		}},
		{"list", func(b *postgres.Backend, id string) error { _, err := b.ListSubject(ctx, id); return err }},
		{"revoke", func(b *postgres.Backend, id string) error { _, err := b.RevokeSubject(ctx, id, ""); return err }},
		{"write", func(b *postgres.Backend, id string) error { _, err := b.Write(ctx, id, record("d", "")); return err }},
		{"end", func(b *postgres.Backend, id string) error { return b.Swap(ctx, id, []byte("d"), record("", "")) }},
		{"remove", func(b *postgres.Backend, id string) error { return b.Remove(ctx, id) }},
	} {
		const few, many = 10, 210
		n := used(few, few+many, op.call) - used(0, few, op.call)
		// A server that vacuums by itself adds a few transactions of its own.
		if got, want := n, many-few; got < want || got > want+want/10 {
			t.Errorf("%s: %d statements for %d operations", op.name, got, want)
		}
	}
}

// TestE9_R32_B7_HOTUpdates: touches and commits stay within their page, and no
// index has to be changed for them.
func TestE9_R32_B7_HOTUpdates(t *testing.T) {
	const rows, updates = 2000, 6000
	for _, test := range []struct {
		name   string
		update func(d *database, id, data string) (string, error)
	}{
		{"touch", func(d *database, id, data string) (string, error) {
			_, err := d.Touch(t.Context(), id, time.Hour)
			return data, err
		}},
		{"commit", func(d *database, id, data string) (string, error) {
			next := fmt.Sprintf("%0200d", rand.Uint64())
			return next, d.Swap(t.Context(), id, []byte(data), record(next, "alice"))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			// A server of its own: a transaction that writes, in whatever
			// database, keeps old versions from being pruned.
			url := services.PostgresServer(t, services.PostgresOptions{}).URL()
			d := openURL(t, services.With(t, url, "synchronous_commit=off"), url)
			first := fmt.Sprintf("%0200d", 0)
			d.sql(`INSERT INTO sessions (id, subject, expires_at, data)
SELECT convert_to('id-' || lpad(g::text, 8, '0'), 'UTF8'), 'alice', now() + interval '1 day', $1 FROM generate_series(0, $2::int - 1) g`, []byte(first), rows)
			data := make([]string, rows)
			for range updates {
				n := rand.IntN(rows)
				if data[n] == "" {
					data[n] = first
				}
				var err error
				if data[n], err = test.update(d, id(n), data[n]); err != nil {
					t.Fatal(err)
				}
			}
			d.Backend.Close() // a connection reports what it did when it ends
			for get[int](d, `SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'sessions'`) < updates {
				d.sql(`SELECT pg_sleep(0.01)`)
			}
			share := get[float64](d, `SELECT n_tup_hot_upd::float8 / n_tup_upd FROM pg_stat_user_tables WHERE relname = 'sessions'`)
			if share <= 0.8 {
				t.Errorf("%.0f %% of the updates were HOT, want more than 80 %%", 100*share)
			}
			t.Logf("%.1f %% HOT, %d KiB for %d rows", 100*share, get[int](d, `SELECT pg_relation_size('sessions') / 1024`), rows)
		})
	}
}

// TestB7_WAL: a commit writes at most 1.3 times as much to the log as an update
// of the same data without conditions, and a touch writes only the time.
func TestB7_WAL(t *testing.T) {
	// A server of its own, for the same reason as above.
	url := services.PostgresServer(t, services.PostgresOptions{}).URL()
	d := openURL(t, url, url)
	d.sql(`CREATE TABLE floor (id text PRIMARY KEY, data bytea NOT NULL, expiry timestamptz NOT NULL)`)
	for _, size := range []int{200, 1500, 16 << 10} {
		old := strings.Repeat("x", size)
		d.sql(`TRUNCATE floor`)
		d.sql(`INSERT INTO floor VALUES ('id', $1, now())`, []byte(old))
		d.write("id", old, "alice")
		wal := func(sql string, args ...any) int {
			t.Helper()
			least := 1 << 30
			for range 5 { // the first change of a page after a checkpoint logs all of it
				var plans []struct {
					Plan struct {
						Bytes int `json:"WAL Bytes"`
					}
				}
				var text string
				tx, err := d.pool.Begin(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if err := tx.QueryRow(t.Context(), `EXPLAIN (ANALYZE, WAL, FORMAT JSON) `+sql, append([]any{pgx.QueryExecModeSimpleProtocol}, args...)...).Scan(&text); err != nil {
					t.Fatal(err)
				}
				if err := tx.Rollback(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal([]byte(text), &plans); err != nil {
					t.Fatal(err)
				}
				least = min(least, plans[0].Plan.Bytes)
			}
			return least
		}
		next := []byte(fmt.Sprintf("%0*d", size, rand.Uint64()))
		floor := wal(`UPDATE floor SET data = $2, expiry = now() + interval '1 hour' WHERE id = $1`, "id", next)
		commit := wal(postgres.SQL().Swap, []byte("id"), []byte("alice"), time.Hour, next, []byte(old), []byte("alice"))
		touch := wal(postgres.SQL().Touch, []byte("id"), time.Hour)
		if floor == 0 || commit == 0 || float64(commit) > 1.3*float64(floor) {
			t.Errorf("%d bytes: a commit logs %d bytes, the floor %d", size, commit, floor)
		}
		if touch == 0 || touch > 200 {
			t.Errorf("%d bytes: a touch logs %d bytes", size, touch)
		}
		t.Logf("%5d bytes: commit %d, floor %d, touch %d bytes of log", size, commit, floor, touch)
	}
}

// TestAllocations: what the backend allocates beyond what pgx does for the same
// statement.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	d := open(t)
	d.write("id", "data", "alice")
	ctx, key := t.Context(), []byte("id")
	sql := postgres.SQL()
	for _, test := range []struct {
		name        string
		ours, floor func() error
		budget      float64
	}{
		{"Read", func() error { _, err := d.Read(ctx, "id"); return err }, func() error {
			var data, subject []byte
			var ttl time.Duration
			return d.pool.QueryRow(ctx, sql.Read, key).Scan(&data, &subject, &ttl)
		}, 6},
		{"Touch", func() error { _, err := d.Touch(ctx, "id", time.Hour); return err }, func() error {
			_, err := d.pool.Exec(ctx, sql.Touch, key, time.Hour)
			return err
		}, 6},
	} {
		measure := func(f func() error) float64 {
			return testing.AllocsPerRun(200, func() {
				if err := f(); err != nil {
					t.Fatal(err)
				}
			})
		}
		ours, floor := measure(test.ours), measure(test.floor)
		if ours > floor+test.budget {
			t.Errorf("%s: %v allocations, pgx alone %v", test.name, ours, floor)
		}
		t.Logf("%s: %v allocations, pgx alone %v", test.name, ours, floor)
	}
}
