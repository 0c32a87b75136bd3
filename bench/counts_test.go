package bench

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/internal/services"
)

// counted is how many requests are counted.
const counted = 20

// redisCommands returns how many commands the server gets while f runs. Nobody else
// may use it. What a script calls does not count.
func redisCommands(tb testing.TB, server *services.RedisNode, f func()) int {
	tb.Helper()
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	lines := bufio.NewReaderSize(conn, 1<<16)
	next := func() string {
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			tb.Fatal(err)
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			tb.Fatalf("MONITOR: %v", err)
		}
		return line
	}
	if _, err := conn.Write([]byte("MONITOR\r\n")); err != nil {
		tb.Fatal(err)
	}
	if line := next(); !strings.HasPrefix(line, "+OK") {
		tb.Fatalf("MONITOR: %s", line)
	}
	f()
	if _, err := server.Do("ECHO", "that was all"); err != nil {
		tb.Fatal(err)
	}
	commands := 0
	for {
		switch line := next(); {
		case strings.Contains(line, `"that was all"`):
			return commands
		case !strings.Contains(line, " lua] "):
			commands++
		}
	}
}

// postgresStatements returns how many statements the database at address gets while
// f runs from those who connect to what counts returns.
func postgresStatements(tb testing.TB, address string, f func()) int {
	tb.Helper()
	count := func() int {
		u, err := url.Parse(address)
		if err != nil {
			tb.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		conn, err := pgx.Connect(ctx, address)
		if err != nil {
			tb.Fatal(err)
		}
		defer conn.Close(ctx)
		var calls int
		err = errors.Join(
			func() error {
				_, err := conn.Exec(ctx, `CREATE EXTENSION IF NOT EXISTS pg_stat_statements`)
				return err
			}(),
			conn.QueryRow(ctx, `SELECT coalesce(sum(calls), 0)::int FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid WHERE datname = $1`,
				strings.TrimPrefix(u.Path, "/")).Scan(&calls))
		if err != nil {
			tb.Fatal(err)
		}
		return calls
	}
	before := count()
	f()
	return count() - before
}

// counting returns the address for those whose statements count.
func counting(tb testing.TB, address string) string {
	return services.With(tb, address, "pg_stat_statements.track=top")
}
