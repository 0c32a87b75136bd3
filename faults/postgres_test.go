package faults_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// postgresPlan is a world over the Postgres at url, which is reached directly at
// direct.
func postgresPlan(t *testing.T, url, direct string) plan {
	t.Helper()
	execute(t, direct, postgres.Schema)
	return plan{
		backend: func(t *testing.T) sessions.Backend {
			b, err := postgres.Open(services.With(t, url, "pool_max_conns=16"), nil)
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
		leaks: func() int {
			n := -1
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			conn, err := pgx.Connect(ctx, direct)
			if err != nil {
				return n
			}
			defer conn.Close(ctx)
			conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sessions'`).Scan(&n)
			return n
		},
	}
}

// execute runs statements over a connection of its own.
func execute(t *testing.T, url, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
}

// private is a server of the test's own, with the table in it.
func private(t *testing.T, config ...string) (*services.PostgresNode, plan) {
	t.Helper()
	server := services.PostgresServer(t, services.PostgresOptions{Config: config})
	return server, postgresPlan(t, server.URL(), server.URL())
}
