package scale

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// TestPostgres loads sessions into a server of its own that waits for the disk.
func TestPostgres(t *testing.T) {
	server := services.PostgresServer(t, services.PostgresOptions{Config: []string{
		"fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=2GB", "max_wal_size=8GB", "checkpoint_timeout=30min",
	}})
	pool, err := pgxpool.New(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	execute := func(sql string) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	number := func(sql string) (n int64) {
		t.Helper()
		if err := pool.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return n
	}
	wal := func() int64 { return number(`SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint`) }

	backend, err := postgres.Open(server.URL(), &postgres.Options{SweepEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	if err := backend.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := newApp(t, backend)
	record, err := backend.Read(t.Context(), a.fill())
	if err != nil {
		t.Fatal(err)
	}
	addRow(t, "Postgres", "size of a record", "%d bytes", len(record.Data))
	used := func() time.Duration { return usage(t, server.Pid()) }

	loaded := 0
	for _, n := range levels() {
		began := time.Now()
		expires := began.Add(14 * 24 * time.Hour)
		next := loaded
		count, err := pool.CopyFrom(t.Context(), pgx.Identifier{"sessions"}, []string{"id", "subject", "expires_at", "data"},
			pgx.CopyFromFunc(func() ([]any, error) {
				if next == n {
					return nil, nil
				}
				var owner []byte
				if s := subject(next); s != "" {
					owner = []byte(s)
				}
				id := token(next)
				next++
				return []any{[]byte(id), owner, expires, record.Data}, nil
			}))
		if err != nil || count != int64(n-loaded) {
			t.Fatalf("%d sessions were loaded, want %d: %v", count, n-loaded, err)
		}
		took := time.Since(began)
		loaded = n
		execute(`VACUUM ANALYZE sessions`)
		addRow(t, "Postgres", level(n, "loaded in"), "%v", took.Round(100*time.Millisecond))
		addRow(t, "Postgres", level(n, "disk for a session"), "%d bytes of table, %d of primary key, %d of subjects' index",
			number(`SELECT pg_table_size('sessions')`)/int64(n), number(`SELECT pg_relation_size('sessions_pkey')`)/int64(n),
			number(`SELECT pg_relation_size('sessions_subject_idx')`)/int64(n))
		execute(`CHECKPOINT`)

		logged := wal()
		f := a.ask("/read", n, turn(), used)
		addRow(t, "Postgres", level(n, "reads"), "%v", f)
		if grown := (wal() - logged) / int64(f.requests); grown > 10 {
			t.Errorf("%d bytes of WAL for a read", grown)
		}
		for _, setting := range []string{"off", "lz4"} {
			execute(`ALTER SYSTEM SET wal_compression = ` + setting)
			execute(`SELECT pg_reload_conf()`)
			execute(`CHECKPOINT`)
			before := wal()
			f := a.ask("/commit", n, turn(), used)
			addRow(t, "Postgres", level(n, "commits after a checkpoint, wal_compression="+setting), "%v; %d bytes of WAL for each",
				f, (wal()-before)/int64(f.requests))
		}
		execute(`ALTER SYSTEM RESET wal_compression`)
	}
	// Connections report what they did about once a second.
	addRow(t, "Postgres", "updates that changed no index (HOT)", "%d of 100",
		number(`SELECT 100 * n_tup_hot_upd / greatest(1, n_tup_upd) FROM pg_stat_user_tables WHERE relname = 'sessions'`))
}
