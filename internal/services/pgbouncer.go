package services

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/internal/process"
)

// A PgBouncerNode is a pooler of one test's own, which may be killed, frozen and
// restarted.
type PgBouncerNode struct {
	*process.Process
	port     int
	database string
}

// PgBouncer starts a pooler in transaction mode in front of the database that
// url names, with ten server connections. The lines of config go to the
// section [pgbouncer] and win over that.
func PgBouncer(t T, url string, config ...string) *PgBouncerNode {
	t.Helper()
	path, err := process.Find("pgbouncer", "/usr/sbin", "/usr/local/sbin", "/opt/*/bin")
	if err != nil {
		missing(t, "PgBouncer", err)
	}
	server, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatalf("services: pgbouncer: %v", err)
	}
	user := process.Unprivileged("postgres")
	node := &PgBouncerNode{port: process.Port(t), database: server.Database}
	dir := process.Dir(t, user)

	database := fmt.Sprintf("* = host=%s port=%d user=%s", server.Host, server.Port, server.User)
	if server.Password != "" {
		database += " password=" + server.Password
	}
	lines := append([]string{
		"[databases]", database,
		"[pgbouncer]",
		"listen_addr = 127.0.0.1",
		fmt.Sprintf("listen_port = %d", node.port),
		"unix_socket_dir =",
		"auth_type = trust",
		"auth_file = " + filepath.Join(dir, "users.txt"),
		"admin_users = postgres",
		"pool_mode = transaction",
		"default_pool_size = 10",
		"max_client_conn = 500",
	}, config...)
	ini := filepath.Join(dir, "pgbouncer.ini")
	for name, text := range map[string]string{
		ini:                             strings.Join(lines, "\n") + "\n",
		filepath.Join(dir, "users.txt"): "\"postgres\" \"\"\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatalf("services: %v", err)
		}
	}
	node.Process = process.Start(t, path, process.Options{
		Args: []string{ini}, Dir: dir, User: user,
		Ready: func() error { return postgresDo(node.URL(), "SELECT") },
	})
	return node
}

// Addr returns host and port.
func (n *PgBouncerNode) Addr() string { return process.Address(n.port) }

// URL returns the address of the database behind the pooler.
func (n *PgBouncerNode) URL() string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", n.Addr(), n.database)
}

// Do gives a command to the pooler itself, such as "PAUSE" or "RESUME".
func (n *PgBouncerNode) Do(command string) error {
	return postgresDo(fmt.Sprintf("postgres://postgres@%s/pgbouncer?sslmode=disable", n.Addr()), command)
}
