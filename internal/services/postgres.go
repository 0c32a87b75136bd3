package services

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/internal/process"
)

// PostgresFolders are where packages put the server's programs, which are
// seldom in PATH.
var PostgresFolders = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql@*/bin"}

const postgresURL = "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable"

var sharedPostgres = shared{variable: "DATABASE_URL"}

// Postgres returns the URL of an empty database that belongs to this test
// alone, on a server that others use at the same time. The database is dropped
// at the end of the test, even if clients are still connected.
func Postgres(t T) string {
	t.Helper()
	server, err := sharedPostgres.get(FindPostgres, func(t T) string {
		return PostgresServer(t, PostgresOptions{}).URL()
	})
	if err != nil {
		missing(t, "Postgres", err)
	}
	name := Unique("sessions_")
	if err := postgresDo(server, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		t.Fatalf("services: postgres: %v", err)
	}
	t.Cleanup(func() {
		if err := postgresDo(server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("services: postgres: %v", err)
		}
	})
	mine, err := withDatabase(server, name)
	if err != nil {
		t.Fatalf("services: %v", err)
	}
	return mine
}

// FindPostgres returns the URL of a running Postgres on which we may create
// databases: the one that DATABASE_URL names, else the one on the standard
// port; "" if there is none.
func FindPostgres() string {
	if url := os.Getenv("DATABASE_URL"); url != "" {
		return url
	}
	if postgresDo(postgresURL, "SELECT") != nil {
		return ""
	}
	return postgresURL
}

// postgresDo runs statements over a connection of its own.
func postgresDo(url, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

// withDatabase returns a server's address with another database in it.
func withDatabase(server, name string) (string, error) {
	if !strings.Contains(server, "://") {
		return server + " dbname=" + name, nil
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("DATABASE_URL is not an address: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// With returns an address of Postgres, a URL or words such as "host=localhost",
// with settings in it: "synchronous_commit=off" and the like.
func With(t T, address string, settings ...string) string {
	t.Helper()
	if !strings.Contains(address, "://") {
		for _, setting := range settings {
			name, value, _ := strings.Cut(setting, "=")
			address += " " + name + "='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
		}
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("services: DATABASE_URL is not an address: %v", err)
	}
	query := u.Query()
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		query.Set(name, value)
	}
	// Postgres, and pgx with it, reads a plus sign as a plus sign.
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	return u.String()
}

// PostgresOptions configure a private server.
type PostgresOptions struct {
	// Config are lines of postgresql.conf. By default the server does not wait
	// for the disk: killing it loses nothing that the operating system has,
	// and only a power cut could.
	Config []string
	// Clock is the server's; nil: the machine's.
	Clock *Clock
}

// A PostgresNode is a Postgres of one test's own, which may be killed, frozen
// and restarted: it comes back on the same port and recovers.
type PostgresNode struct {
	*process.Process
	port int
	dir  string
	bin  string // folder of the server's programs
}

// PostgresServer makes a new database cluster and starts a server on it, for
// this test alone. As root the server runs as another user, as it demands.
func PostgresServer(t T, options PostgresOptions) *PostgresNode {
	t.Helper()
	initdb, err := process.Find("initdb", PostgresFolders...)
	if err != nil {
		missing(t, "Postgres", err)
	}
	user := process.Unprivileged("postgres")
	node := &PostgresNode{port: process.Port(t), dir: process.Dir(t, user), bin: filepath.Dir(initdb)}
	data := filepath.Join(node.dir, "data")

	making := process.New(t, initdb, process.Options{
		Args: []string{"-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"},
		Dir:  node.dir, User: user,
	})
	if err := making.Run(time.Minute); err != nil {
		t.Fatalf("%v", err)
	}
	config := append([]string{
		fmt.Sprintf("port = %d", node.port),
		"listen_addresses = '127.0.0.1'",
		"unix_socket_directories = '" + node.dir + "'",
		"shared_buffers = 32MB",
		"fsync = off",
		"max_connections = 120",
	}, options.Config...)
	file, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString("\n" + strings.Join(config, "\n") + "\n")
	}
	if err != nil {
		t.Fatalf("services: %v", err)
	}
	if err := file.Close(); err != nil {
		t.Fatalf("services: %v", err)
	}
	node.Process = process.Start(t, filepath.Join(node.bin, "postgres"), process.Options{
		Args: []string{"-D", data}, Dir: node.dir, User: user, Env: options.Clock.env(),
		Ready: func() error { return postgresDo(node.URL(), "SELECT") },
	})
	t.Cleanup(node.quit)
	return node
}

// quit ends the server as quickly as it can end by itself: one that is killed
// leaves shared memory behind, of which a machine has only so much.
func (n *PostgresNode) quit() {
	n.Thaw()
	if server, err := os.FindProcess(n.Pid()); err == nil && n.Running() {
		_ = server.Signal(syscall.SIGQUIT)
	}
	for deadline := time.Now().Add(5 * time.Second); n.Running() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// URL returns the address of the server's database postgres.
func (n *PostgresNode) URL() string {
	return fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", n.Addr())
}

// Dir returns the folder with the server's files.
func (n *PostgresNode) Dir() string { return n.dir }

// Addr returns host and port.
func (n *PostgresNode) Addr() string { return process.Address(n.port) }

// Do runs statements, over a connection of its own and outside a transaction.
func (n *PostgresNode) Do(sql string) error { return postgresDo(n.URL(), sql) }
