package bench

import (
	stdsql "database/sql"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/alexedwards/scs/mysqlstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	_ "github.com/go-sql-driver/mysql"

	ours "github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/sql"
	"github.com/gosessions/sessions/backends/sqlite"
	"github.com/gosessions/sessions/internal/services"
)

// TestSQL is how long requests take on SQLite and MariaDB, beside scs with the
// stores that it has for them, at their best of many turns, taken alternately.
func TestSQL(t *testing.T) {
	turns := 200
	if testing.Short() {
		turns = 3
	}
	for _, database := range []struct {
		name string
		open func(t *testing.T) (ours.Backend, scs.Store)
	}{
		{"SQLite, without waiting for the disk", func(t *testing.T) (ours.Backend, scs.Store) { return onSQLite(t, true) }},
		{"SQLite", func(t *testing.T) (ours.Backend, scs.Store) { return onSQLite(t, false) }},
		{"MariaDB", onMariaDB},
	} {
		for _, row := range []struct {
			name, what string
			values     map[string]any
		}{
			{"read, 3 keys", "read", values(3)},
			{"read, 16 KB", "read", big()},
			{"write, 3 keys", "write", values(3)},
			{"write, 16 KB", "write", big()},
		} {
			b, peer := database.open(t)
			contestants := []contestant{oursOn(t, b, row.what, row.values), scsOnStore(t, peer, row.what, row.values)}
			least := []time.Duration{time.Hour, time.Hour}
			for range turns {
				for i, c := range contestants {
					const requests = 10
					w := discard{make(http.Header)}
					began := time.Now()
					for range requests {
						clear(w.header)
						c.handler.ServeHTTP(w, c.request)
					}
					least[i] = min(least[i], time.Since(began)/requests)
				}
			}
			t.Logf("%s, %s: %v, scs %v", database.name, row.name, least[0], least[1])
		}
	}
}

// onSQLite gives each of them a file, with the same driver and settings.
func onSQLite(t *testing.T, noSync bool) (ours.Backend, scs.Store) {
	dir := t.TempDir()
	b, err := sqlite.Open(filepath.Join(dir, "ours.db"), &sqlite.Options{SweepEvery: -1, NoSync: noSync})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	synchronous := "FULL"
	if noSync {
		synchronous = "NORMAL"
	}
	db := openDB(t, "sqlite", filepath.Join(dir, "scs.db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous("+synchronous+")")
	execute(t, db, `CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`,
		`CREATE INDEX sessions_expiry_idx ON sessions(expiry)`)
	return b, sqlite3store.NewWithCleanupInterval(db, 0)
}

// onMariaDB gives each of them a table.
func onMariaDB(t *testing.T) (ours.Backend, scs.Store) {
	dsn := services.MariaDB(t)
	b, err := sql.Open("mysql", dsn, sql.MySQL(), &sql.Options{SweepEvery: -1, Table: "ours"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	if err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	db := openDB(t, "mysql", dsn+"?parseTime=true")
	execute(t, db, `CREATE TABLE sessions (token CHAR(43) PRIMARY KEY, data MEDIUMBLOB NOT NULL, expiry TIMESTAMP(6) NOT NULL)`,
		`CREATE INDEX sessions_expiry_idx ON sessions (expiry)`)
	return b, mysqlstore.NewWithCleanupInterval(db, 0)
}

func openDB(t *testing.T, driver, dsn string) *stdsql.DB {
	t.Helper()
	db, err := stdsql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxIdleConns(32)
	t.Cleanup(func() { db.Close() })
	return db
}

func execute(t *testing.T, db *stdsql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}
