package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/postgres"
)

// TestF24_PostgresChurn: sessions are touched, and some are changed, begun and
// ended, as fast as the machine can: hours of a busy site in minutes. The table
// stays as large as it is, and its indexes hear of nothing but who comes and
// goes.
func TestF24_PostgresChurn(t *testing.T) {
	const rows, perSecond = 20_000, 500 // touches on a busy site
	duration := 2 * time.Minute
	if testing.Short() {
		duration = 4 * time.Second
	}
	// Time is compressed for it, too: it looks as much more often, and may do as
	// much more in a second.
	server, _ := private(t, "autovacuum_naptime = 1s", "autovacuum_vacuum_cost_limit = 9000")
	execute(t, server.URL(), fmt.Sprintf(`INSERT INTO sessions (id, subject, expires_at, data)
SELECT convert_to('id-' || g, 'UTF8'), convert_to('user-' || g, 'UTF8'), now() + interval '1 day', decode(repeat(md5(g::text), 12), 'hex')
FROM generate_series(0, %d) g`, rows-1))
	execute(t, server.URL(), `VACUUM ANALYZE sessions`)
	ctx, cancel := context.WithTimeout(context.Background(), duration+time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	ask := func(sql string) (n int64) {
		t.Helper()
		if err := conn.QueryRow(ctx, sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	const table, indexes = `SELECT pg_table_size('sessions')`, `SELECT pg_indexes_size('sessions')`
	tableBefore, indexesBefore := ask(table), ask(indexes)

	b, err := postgres.Open(server.URL(), &postgres.Options{SweepEvery: time.Second, OnSweep: func(_ int, err error) {
		if err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	var touches, others atomic.Int64
	churn := func(worker int) error {
		next, ttl := rows, 24*time.Hour
		for end := time.Now().Add(duration); time.Now().Before(end); {
			id := fmt.Sprint("id-", rand.IntN(rows/4)*4+worker) // four workers do not get in each other's way
			var err error
			switch rand.IntN(20) {
			default:
				_, err = b.Touch(ctx, id, ttl)
				touches.Add(1)
				if err == nil {
					continue
				}
			case 0: // a commit
				var r sessions.Record
				if r, err = b.Read(ctx, id); err == nil {
					err = b.Swap(ctx, id, r.Data, sessions.Record{Data: r.Data, TTL: ttl, Subject: r.Subject})
				}
			case 1: // a new record, which is soon swept away
				next++
				_, err = b.Write(ctx, fmt.Sprint("new-", worker, "-", next), sessions.Record{Data: make([]byte, 200), TTL: time.Second, Subject: "guest"})
			}
			others.Add(1)
			if err != nil {
				return err
			}
		}
		return nil
	}
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			if err := churn(worker); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	b.Close() // a connection reports what it did when it ends
	for end := time.Now().Add(10 * time.Second); ask(`SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'sessions'`) < touches.Load() && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	hot := ask(`SELECT 100 * n_tup_hot_upd / n_tup_upd FROM pg_stat_user_tables WHERE relname = 'sessions'`)
	if hot < 80 {
		t.Errorf("%d %% of the updates were HOT, want 80 %% or more", hot)
	}
	tableGrowth, indexGrowth := float64(ask(table))/float64(tableBefore), float64(ask(indexes))/float64(indexesBefore)
	if tableGrowth >= 2 || indexGrowth >= 2 {
		t.Errorf("the table is %.2f times as large as it was, its indexes %.2f times; want less than 2", tableGrowth, indexGrowth)
	}
	row := figures{
		fault: "F24 Postgres: churn", operations: touches.Load() + others.Load(), faults: ask(`SELECT autovacuum_count FROM pg_stat_user_tables WHERE relname = 'sessions'`),
		remark: fmt.Sprintf("%v of %d touches a second; %d %% of the updates HOT; the table grew to %.2f times its size, its indexes to %.2f; faults are vacuums",
			(time.Duration(touches.Load()/perSecond) * time.Second).Round(time.Second), perSecond, hot, tableGrowth, indexGrowth),
	}
	t.Log(row)
	if !testing.Short() {
		row.keep()
	}
}
