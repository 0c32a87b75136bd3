package faults_test

import (
	stdsql "database/sql"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/sql"
	"github.com/gosessions/sessions/internal/services"
)

func init() { _ = mysql.SetLogger(&mysql.NopLogger{}) } // connections break on purpose

// database is the name of the one that has the sessions.
const database = "faults"

func openMariaDB(t *testing.T, dsn string) *sql.Backend {
	t.Helper()
	b, err := sql.Open("mysql", dsn, sql.MySQL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// mariadbPlan is a world over the MariaDB at dsn, which is reached directly at
// direct.
func mariadbPlan(t *testing.T, dsn, direct string) plan {
	t.Helper()
	migrate(t, openMariaDB(t, direct))
	return plan{
		backend: func(t *testing.T) sessions.Backend { return openMariaDB(t, dsn) },
	}
}

// privateMariaDB is a server of the test's own, with the table in it.
func privateMariaDB(t *testing.T, options services.MariaDBOptions) (*services.MariaDBNode, plan) {
	t.Helper()
	server := services.MariaDBServer(t, options)
	if err := server.Do("CREATE DATABASE " + database); err != nil {
		t.Fatal(err)
	}
	return server, mariadbPlan(t, server.DSN(database), server.DSN(database))
}

// mariadbBehindNetwork returns a network that can be spoiled in front of the
// server, and the address behind it.
func mariadbBehindNetwork(t *testing.T, server *services.MariaDBNode) (*network, string) {
	t.Helper()
	if err := server.Do("CREATE DATABASE IF NOT EXISTS " + database); err != nil {
		t.Fatal(err)
	}
	net := newNetwork(t, server.Addr())
	return net, strings.Replace(server.DSN(database), server.Addr(), net.proxy.Listen, 1)
}

// TestF40_MariaDBProcess: the server is killed, or hangs.
func TestF40_MariaDBProcess(t *testing.T) {
	server, p := privateMariaDB(t, services.MariaDBOptions{}) // the same for all, because making one takes seconds
	restart := func(t *testing.T, server *services.MariaDBNode) {
		if err := server.Restart(); err != nil {
			t.Error(err)
		}
	}
	for _, test := range []struct {
		name   string
		strike func(t *testing.T, w *world, server *services.MariaDBNode)
	}{
		{"frozen", func(t *testing.T, w *world, server *services.MariaDBNode) {
			server.Freeze()
			time.Sleep(long(10 * time.Second))
			server.Thaw()
		}},
		{"killed, down for a while", func(t *testing.T, _ *world, server *services.MariaDBNode) {
			server.Kill()
			time.Sleep(long(5 * time.Second))
			restart(t, server)
		}},
		{"killed and restarted at once, again and again", func(t *testing.T, w *world, server *services.MariaDBNode) {
			for end := time.Now().Add(long(10 * time.Second)); time.Now().Before(end); w.faults.Add(1) {
				restart(t, server)
				time.Sleep(300 * time.Millisecond)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			newWorld(t, p).run(fault{
				name:       "F40 MariaDB: " + test.name,
				strike:     func(w *world) { test.strike(t, w, server) },
				mustRefuse: true,
				mayRefuse:  1,
			})
		})
	}
}

// direct is a connection of the test's own.
func direct(t *testing.T, driver, dsn string) *stdsql.DB {
	t.Helper()
	db, err := stdsql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// TestF41_MariaDBConnectionsEnded: all connections are ended every 100 ms.
func TestF41_MariaDBConnectionsEnded(t *testing.T) {
	dsn := services.MariaDB(t)
	p := mariadbPlan(t, dsn, dsn)
	p.timeout = 2 * time.Second
	newWorld(t, p).run(fault{
		name: "F41 MariaDB: all connections ended every 100 ms",
		strike: func(w *world) {
			db := direct(t, "mysql", dsn)
			defer db.Close()
			for end := time.Now().Add(long(20 * time.Second)); time.Now().Before(end); w.faults.Add(1) {
				rows, err := db.Query(`SELECT CONCAT('KILL ', id) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`)
				if err != nil {
					t.Error(err)
					return
				}
				var kills []string
				for rows.Next() {
					var kill string
					if rows.Scan(&kill) == nil {
						kills = append(kills, kill)
					}
				}
				rows.Close()
				for _, kill := range kills {
					db.Exec(kill) // it may have ended by itself
				}
				time.Sleep(100 * time.Millisecond)
			}
		},
		mayRefuse: 0.02,
	})
}

// TestF42_MariaDBLocked: another client locks every row, or the table, and
// everything is read-only for a while.
func TestF42_MariaDBLocked(t *testing.T) {
	for name, statements := range map[string][2]string{
		"rows locked":  {`SELECT * FROM sessions FOR UPDATE`, `ROLLBACK`},
		"table locked": {`LOCK TABLES sessions WRITE`, `UNLOCK TABLES`},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := services.MariaDB(t)
			newWorld(t, mariadbPlan(t, dsn, dsn)).run(fault{
				name: "F42 MariaDB: " + name,
				strike: func(*world) {
					db := direct(t, "mysql", dsn)
					defer db.Close()
					db.SetMaxOpenConns(1)
					for {
						if _, err := db.Exec(`BEGIN`); err != nil {
							t.Error(err)
						}
						_, err := db.Exec(statements[0])
						if err == nil {
							break
						}
						if !strings.Contains(err.Error(), "Deadlock") { // this client was the victim
							t.Error(err)
							return
						}
					}
					time.Sleep(long(5 * time.Second))
					if _, err := db.Exec(statements[1]); err != nil {
						t.Error(err)
					}
				},
				mustRefuse: true,
				mayRefuse:  1,
			})
		})
	}
}
