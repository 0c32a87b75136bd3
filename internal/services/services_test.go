package services_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/internal/services"
)

func do(t *testing.T, n *services.RedisNode, args ...string) any {
	t.Helper()
	answer, err := n.Do(args...)
	if err != nil {
		t.Fatalf("%s: %v", args[0], err)
	}
	return answer
}

func TestRedisIsShared(t *testing.T) {
	first, second := services.Redis(t), services.Redis(t)
	if first != second || !strings.HasPrefix(first, "redis://") {
		t.Errorf("got %q and %q, want the same address twice", first, second)
	}
}

func TestUnique(t *testing.T) {
	if a, b := services.Unique("x_"), services.Unique("x_"); a == b || !strings.HasPrefix(a, "x_") || a != strings.ToLower(a) {
		t.Errorf("got %q and %q, want different lower-case names", a, b)
	}
}

func TestRedisServerComesBackWithWhatItSaved(t *testing.T) {
	t.Parallel()
	server := services.RedisServer(t, services.RedisOptions{
		Config:   []string{"appendonly yes", "appendfsync always"},
		Password: "open sesame",
	})
	if !strings.Contains(server.URL(), "open%20sesame@") {
		t.Errorf("the address %q lacks the password", server.URL())
	}
	do(t, server, "SET", "k", "v")
	server.Kill()
	if server.Running() {
		t.Error("runs after Kill")
	}
	if _, err := server.Do("PING"); err == nil {
		t.Error("answers after Kill")
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	if got := do(t, server, "GET", "k"); got != "v" {
		t.Errorf("after a restart: got %v, want v", got)
	}
	var refused services.RedisError
	if _, err := server.Do("NONSENSE"); !errors.As(err, &refused) {
		t.Errorf("got %v, want a RedisError", err)
	}
}

func TestMariaDBServerComesBackWithWhatItSaved(t *testing.T) {
	t.Parallel()
	server := services.MariaDBServer(t, services.MariaDBOptions{})
	for _, sql := range []string{`CREATE DATABASE d`, `CREATE TABLE d.t (n INT PRIMARY KEY)`, `INSERT INTO d.t VALUES (1)`} {
		if err := server.Do(sql); err != nil {
			t.Fatal(err)
		}
	}
	server.Kill()
	if err := server.Do(`SELECT 1`); err == nil {
		t.Error("answers after Kill")
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := server.Do(`INSERT INTO d.t VALUES (1)`); err == nil || !strings.Contains(err.Error(), "Duplicate") {
		t.Errorf("after a restart: got %v, want to hear that the row is there", err)
	}
}

func TestMariaDBIsEmptyAndOnesOwn(t *testing.T) {
	first, second := services.MariaDB(t), services.MariaDB(t)
	if first == second || !strings.Contains(first, "@tcp(") {
		t.Errorf("got %q and %q, want two databases", first, second)
	}
}

func TestPostgresServerGivesItsMemoryBack(t *testing.T) {
	segment := ""
	t.Run("server", func(t *testing.T) {
		server := services.PostgresServer(t, services.PostgresOptions{})
		file, err := os.ReadFile(filepath.Join(server.Dir(), "data", "postmaster.pid"))
		if lines := strings.Split(string(file), "\n"); err == nil && len(lines) > 6 {
			if fields := strings.Fields(lines[6]); len(fields) == 2 { // key and ID
				segment = fields[1]
			}
		}
		if segment == "" {
			t.Fatalf("%q names no shared memory, %v", file, err)
		}
		server.Freeze()
	})
	segments, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(segments)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == segment {
			t.Errorf("the server is gone and its shared memory is not: %s", line)
		}
	}
}

func TestFrozenServerIsSilentUntilThawed(t *testing.T) {
	t.Parallel()
	server := services.RedisServer(t, services.RedisOptions{})
	server.Freeze()
	answered := make(chan error, 1)
	go func() {
		_, err := server.Do("PING")
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Errorf("a frozen server answered: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	server.Thaw()
	if err := <-answered; err != nil {
		t.Errorf("after the thaw: %v", err)
	}
}

func TestClusterSpreadsKeys(t *testing.T) {
	t.Parallel()
	cluster := services.RedisCluster(t)
	if len(cluster.Addrs()) != 3 {
		t.Fatalf("got %d nodes, want 3", len(cluster.Addrs()))
	}
	moved := 0
	for i := range 30 {
		key := "k" + strconv.Itoa(i)
		if _, err := cluster.Nodes[0].Do("SET", key, "v"); err != nil {
			if !strings.HasPrefix(err.Error(), "MOVED ") {
				t.Fatal(err)
			}
			moved++
		}
		if slot := cluster.Slot(key); slot < 0 || slot > 16383 {
			t.Errorf("slot of %s: %d", key, slot)
		}
	}
	if moved == 0 || moved == 30 {
		t.Errorf("%d of 30 keys live elsewhere, want about 20", moved)
	}
}

func TestSentinelPromotesAReplica(t *testing.T) {
	t.Parallel()
	set := services.Sentinel(t)
	old := set.Primary()
	do(t, old, "SET", "k", "v")
	do(t, old, "WAIT", "2", "2000")
	old.Kill()
	primary := set.Failover(old)
	if got := do(t, primary, "GET", "k"); got != "v" {
		t.Errorf("after the failover: got %v, want v", got)
	}
	do(t, primary, "SET", "k", "w")
}

// connect opens a connection that closes with the test.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func TestPostgresDatabasesAreApart(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	one, two := connect(t, services.Postgres(t)), connect(t, services.Postgres(t))
	if _, err := one.Exec(ctx, "CREATE TABLE t (n int)"); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Exec(ctx, "SELECT n FROM t"); err == nil {
		t.Error("one database sees the table of another")
	}
}

func TestPostgresServerRecovers(t *testing.T) {
	t.Parallel()
	server := services.PostgresServer(t, services.PostgresOptions{Config: []string{"max_connections = 33"}})
	if err := server.Do("CREATE TABLE t (n int); INSERT INTO t VALUES (7)"); err != nil {
		t.Fatal(err)
	}
	connect(t, server.URL()) // a backend process that has to go too
	server.Kill()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, server.URL())
	var n int
	if err := conn.QueryRow(context.Background(), "SELECT n FROM t").Scan(&n); err != nil || n != 7 {
		t.Errorf("after a restart: got %d, %v, want 7", n, err)
	}
	var limit string
	if err := conn.QueryRow(context.Background(), "SHOW max_connections").Scan(&limit); err != nil || limit != "33" {
		t.Errorf("got %q, %v, want the configured 33", limit, err)
	}

	server.Freeze()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := conn.Exec(ctx, "SELECT"); err == nil {
		t.Error("a frozen server answered")
	}
	server.Thaw()
	if err := server.Do("SELECT"); err != nil {
		t.Errorf("after the thaw: %v", err)
	}
}

func TestPgBouncerPoolsTransactions(t *testing.T) {
	t.Parallel()
	pooler := services.PgBouncer(t, services.Postgres(t), "default_pool_size = 1")
	ctx := context.Background()
	pid := func(conn *pgx.Conn) (pid int) {
		t.Helper()
		err := conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&pid)
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	one, two := connect(t, pooler.URL()), connect(t, pooler.URL())
	if a, b := pid(one), pid(two); a != b {
		t.Errorf("two clients have the server processes %d and %d, want the same", a, b)
	}
	if err := pooler.Do("PAUSE"); err != nil {
		t.Fatal(err)
	}
	if err := pooler.Do("RESUME"); err != nil {
		t.Fatal(err)
	}
	pid(one)
}
