package services

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/gosessions/sessions/internal/process"
)

// MariaDBFolders are where packages put the server's programs.
var MariaDBFolders = []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/mysql/bin", "/opt/homebrew/opt/mariadb*/bin"}

const mariadbDSN = "root@tcp(127.0.0.1:3306)/"

var sharedMariaDB = shared{variable: "MYSQL_URL"}

// MariaDB returns the address, in the form of github.com/go-sql-driver/mysql, of
// an empty database that belongs to this test alone, on a server that others use
// at the same time. The database is dropped at the end of the test.
func MariaDB(t T) string {
	t.Helper()
	server, err := sharedMariaDB.get(FindMariaDB, func(t T) string {
		return MariaDBServer(t, MariaDBOptions{}).DSN("")
	})
	if err != nil {
		missing(t, "MariaDB", err)
	}
	name := Unique("sessions_")
	if err := mariadbDo(server, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("services: mariadb: %v", err)
	}
	t.Cleanup(func() {
		if err := mariadbDo(server, "DROP DATABASE IF EXISTS "+name); err != nil {
			t.Errorf("services: mariadb: %v", err)
		}
	})
	before, parameters, _ := strings.Cut(server, "?")
	if parameters != "" {
		parameters = "?" + parameters
	}
	return before[:strings.LastIndexByte(before, '/')+1] + name + parameters
}

// FindMariaDB returns the address of a running MariaDB or MySQL on which we may
// create databases: the one that MYSQL_URL names, else the one on the standard
// port; "" if there is none.
func FindMariaDB() string {
	if dsn := os.Getenv("MYSQL_URL"); dsn != "" {
		return dsn
	}
	if mariadbDo(mariadbDSN, "SELECT 1") != nil {
		return ""
	}
	return mariadbDSN
}

// dsnForm is the form of address that the tests use: user:password@tcp(host:port)/
// with a database and parameters.
var dsnForm = regexp.MustCompile(`^([^:@/]*)(?::([^@]*))?@tcp\(([^():]+):(\d+)\)/([^?]*)`)

// mariadbDo runs statements with the server's own client, so that this module
// needs no driver.
func mariadbDo(dsn, sql string) error {
	m := dsnForm.FindStringSubmatch(dsn)
	if m == nil {
		return fmt.Errorf("MYSQL_URL is not of the form user:password@tcp(host:port)/")
	}
	client, err := process.Find("mariadb")
	if err != nil {
		if client, err = process.Find("mysql"); err != nil {
			return err
		}
	}
	args := []string{"--no-defaults", "--protocol=tcp", "--connect-timeout=5", "-h", m[3], "-P", m[4], "-u", m[1]}
	if m[5] != "" {
		args = append(args, "-D", m[5])
	}
	cmd := exec.Command(client, append(args, "-e", sql)...)
	cmd.Env = append(os.Environ(), "MYSQL_PWD="+m[2])
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// A MariaDBNode is a MariaDB of one test's own, which may be killed, frozen and
// restarted: it comes back on the same port and recovers.
type MariaDBNode struct {
	*process.Process
	port int
}

// MariaDBOptions configure a private server.
type MariaDBOptions struct {
	// Args are options of the server, such as "--read-only". By default it does
	// not wait for the disk: killing it loses nothing that the operating system
	// has, and only a power cut could.
	Args []string
	// Clock is the server's; nil: the machine's.
	Clock *Clock
}

// MariaDBServer makes an empty data directory and starts a server on it, for this
// test alone. As root the server runs as another user.
func MariaDBServer(t T, options MariaDBOptions) *MariaDBNode {
	t.Helper()
	server, err := process.Find("mariadbd", MariaDBFolders...)
	if err != nil {
		missing(t, "MariaDB", err)
	}
	install, err := process.Find("mariadb-install-db", append(MariaDBFolders, "/usr/bin")...)
	if err != nil {
		missing(t, "MariaDB", err)
	}
	user := process.Unprivileged("mysql")
	node := &MariaDBNode{port: process.Port(t)}
	dir := process.Dir(t, user)
	data := filepath.Join(dir, "data")
	common := []string{"--no-defaults", "--datadir=" + data, "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=32M"}
	making := process.New(t, install, process.Options{
		Args: append(common, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"),
		Dir:  dir, User: user,
	})
	if err := making.Run(2 * time.Minute); err != nil {
		t.Fatalf("%v", err)
	}
	args := append(common,
		fmt.Sprintf("--port=%d", node.port),
		"--bind-address=127.0.0.1",
		"--skip-name-resolve",
		"--socket="+filepath.Join(dir, "socket"),
		"--pid-file="+filepath.Join(dir, "pid"),
		"--innodb-flush-log-at-trx-commit=2",
		"--max-connections=200",
	)
	node.Process = process.Start(t, server, process.Options{
		Args: append(args, options.Args...), Dir: dir, User: user, Env: options.Clock.env(), Within: time.Minute,
		Ready: func() error { return node.Do("SELECT 1") },
	})
	return node
}

// DSN returns the address of a database of the server, in the form of
// github.com/go-sql-driver/mysql.
func (n *MariaDBNode) DSN(database string) string {
	return fmt.Sprintf("root@tcp(%s)/%s", n.Addr(), database)
}

// Addr returns host and port.
func (n *MariaDBNode) Addr() string { return process.Address(n.port) }

// Do runs statements, over a connection of its own.
func (n *MariaDBNode) Do(sql string) error { return mariadbDo(n.DSN(""), sql) }
