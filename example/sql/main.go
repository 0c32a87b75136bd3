// Command sql is the demonstration of package sessions, with SQLite, MySQL and
// MariaDB beside the backends of command example.
//
//	go -C example/sql run . -backend sqlite            # in the file sessions.db
//	go -C example/sql run . -backend sqlite -sqlite /var/lib/app/sessions.db
//	go -C example/sql run . -backend mysql -mysql 'user:password@tcp(host:3306)/app'
//
// It is a module of its own, so that users of the library do not inherit the
// drivers.
package main

import (
	_ "github.com/go-sql-driver/mysql"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/sql"
	"github.com/gosessions/sessions/backends/sqlite"
	"github.com/gosessions/sessions/example/internal/demo"
)

func main() {
	demo.Main("sql",
		demo.Store{
			Name: "sqlite", Usage: "`file` with the sessions; created if it does not exist", Default: "sessions.db", Variable: "SQLITE_FILE",
			Note: "one file, which survives a restart",
			Open: func(file string) (sessions.Backend, error) { return sqlite.Open(file, nil) },
		},
		demo.Store{
			Name: "mysql", Usage: "`address` of the MySQL or MariaDB server", Default: "root@tcp(127.0.0.1:3306)/test", Variable: "MYSQL_DSN",
			Note: "one table in MySQL or MariaDB",
			Open: func(dsn string) (sessions.Backend, error) { return sql.Open("mysql", dsn, sql.MySQL(), nil) },
		},
	)
}
