package faults_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// TestF18_PostgresReadOnly: everything can be read, and nothing written.
func TestF18_PostgresReadOnly(t *testing.T) {
	server, p := private(t)
	w := newWorld(t, p)
	w.run(fault{
		name: "F18 Postgres: read-only",
		strike: func(w *world) {
			readOnly := func(value string) {
				if err := server.Do("ALTER SYSTEM SET default_transaction_read_only = " + value); err != nil {
					t.Error(err)
				}
				if err := server.Do("SELECT pg_reload_conf()"); err != nil {
					t.Error(err)
				}
			}
			readOnly("on")
			time.Sleep(100 * time.Millisecond) // until every connection knows
			for end := time.Now().Add(long(5 * time.Second)); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
				calm := w.users[0] // who never logs out
				if r := w.do("/all", calm.life.Load().see().token, nil); r.status != 200 {
					t.Errorf("reading: %d", r.status)
				}
				if r := w.do("/login", "", nil); r.status != 503 {
					t.Errorf("writing: %d", r.status)
				}
			}
			readOnly("off")
		},
		mustRefuse: true,
		mayRefuse:  1,
	})
}

// TestF19_PostgresLocked: another client locks every row, or the table.
func TestF19_PostgresLocked(t *testing.T) {
	for name, sql := range map[string]string{
		"rows locked":  `SELECT FROM sessions FOR UPDATE`,
		"table locked": `LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE`,
	} {
		t.Run(name, func(t *testing.T) {
			direct := services.Postgres(t)
			newWorld(t, postgresPlan(t, direct, direct)).run(fault{
				name: "F19 Postgres: " + name,
				strike: func(*world) {
					ctx := context.Background()
					conn, err := pgx.Connect(ctx, direct)
					if err != nil {
						t.Fatal(err)
					}
					defer conn.Close(ctx)
					err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
						if _, err := tx.Exec(ctx, sql); err != nil {
							return err
						}
						time.Sleep(long(10 * time.Second))
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				},
				mustRefuse: true,
				mayRefuse:  1,
			})
		})
	}
}

// TestF21_PostgresAltered: the table is altered while its statements are
// prepared.
func TestF21_PostgresAltered(t *testing.T) {
	direct := services.Postgres(t)
	p := postgresPlan(t, direct, direct)
	p.timeout = 2 * time.Second
	newWorld(t, p).run(fault{
		name: "F21 Postgres: table altered again and again",
		strike: func(w *world) {
			for end := time.Now().Add(long(5 * time.Second)); time.Now().Before(end); {
				for _, sql := range []string{
					`ALTER TABLE sessions ADD COLUMN note text`,
					`ALTER TABLE sessions DROP COLUMN note`,
					`ALTER TABLE sessions ALTER COLUMN subject TYPE varchar USING convert_from(subject, 'UTF8')`,
					`ALTER TABLE sessions ALTER COLUMN subject TYPE bytea USING convert_to(subject, 'UTF8')`,
				} {
					execute(t, direct, sql)
					w.faults.Add(1)
					time.Sleep(50 * time.Millisecond)
				}
			}
		},
		mayRefuse: 0.01,
	})
}

// TestF21_PostgresDropped: another client drops the table and creates it again.
func TestF21_PostgresDropped(t *testing.T) {
	direct := services.Postgres(t)
	p := postgresPlan(t, direct, direct)
	p.forgets = true
	newWorld(t, p).run(fault{
		name: "F21 Postgres: table dropped and made anew",
		strike: func(*world) {
			execute(t, direct, `DROP TABLE sessions`)
			time.Sleep(500 * time.Millisecond)
			execute(t, direct, postgres.Schema)
		},
		mustRefuse: true,
		mayRefuse:  1,
	})
}
