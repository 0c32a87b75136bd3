package drivers_test

import (
	stdsql "database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/mattn/go-sqlite3"
	_ "modernc.org/sqlite"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/sql"
	"github.com/gosessions/sessions/internal/services"
)

func init() { _ = mysql.SetLogger(&mysql.NopLogger{}) } // connections are cut on purpose

// database is a backend on an empty table, and a way to look behind it.
type database struct {
	*sql.Backend
	t       testing.TB
	dialect sql.Dialect
	pool    *stdsql.DB // the backend's
	db      *stdsql.DB // the test's own
	dsn     string
}

// setup is a database with a driver and its settings.
type setup struct {
	name    string
	driver  string
	dialect sql.Dialect
	params  string // of the DSN
}

// inMariaDB is MariaDB with a driver that nobody has set.
var inMariaDB = setup{name: "mysql", driver: "mysql", dialect: sql.MySQL()}

// setups are all of them. Whether the settings of MySQL's driver matter is the
// question that many of them put.
var setups = []setup{
	{name: "modernc", driver: "sqlite", dialect: sql.SQLite(), params: "?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)"},
	{name: "modernc without WAL and timeout", driver: "sqlite", dialect: sql.SQLite(), params: "?_pragma=synchronous(OFF)"},
	{name: "mattn", driver: "sqlite3", dialect: sql.SQLite(), params: "?_journal=WAL&_sync=OFF"},
	inMariaDB,
	{name: "mysql, clientFoundRows and read committed", driver: "mysql", dialect: sql.MySQL(), params: "?clientFoundRows=true&tx_isolation=%27READ-COMMITTED%27"},
	{name: "mysql, snapshot isolation", driver: "mysql", dialect: sql.MySQL(), params: "?innodb_snapshot_isolation=1"}, // the default from MariaDB 11.6 on
	{name: "mysql, whatever can be set", driver: "mysql", dialect: sql.MySQL(), params: "?interpolateParams=true&parseTime=true&loc=Europe%2FBerlin&time_zone=%27%2B05%3A00%27&charset=latin1&sql_mode=%27%27&tx_isolation=%27SERIALIZABLE%27"},
}

// servers are setups of which one stands for all of its kind.
var servers = []setup{setups[0], inMariaDB}

// open makes an empty table and a backend that does not sweep by itself.
func (s setup) open(t testing.TB) *database {
	t.Helper()
	dsn := filepath.Join(t.TempDir(), "sessions.db") + s.params
	switch s.driver {
	case "mysql":
		dsn = services.MariaDB(t) + s.params
	case "sqlite3":
		dsn = "file:" + dsn
	}
	return s.openAt(t, dsn)
}

// openAt is open for a database that exists.
func (s setup) openAt(t testing.TB, dsn string) *database {
	t.Helper()
	d := &database{t: t, dialect: s.dialect, dsn: dsn, pool: pool(t, s.driver, dsn), db: pool(t, s.driver, dsn)}
	d.Backend = sql.New(d.pool, s.dialect, &sql.Options{SweepEvery: -1})
	t.Cleanup(func() { _ = d.Backend.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

func pool(t testing.TB, driver, dsn string) *stdsql.DB {
	t.Helper()
	db, err := stdsql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// each runs a test for each of the setups.
func each(t *testing.T, setups []setup, test func(t *testing.T, d *database)) {
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s.open(t))
		})
	}
}

// sql runs a statement as an operator would.
func (d *database) sql(statement string, args ...any) {
	d.t.Helper()
	if _, err := d.db.ExecContext(d.t.Context(), statement, args...); err != nil {
		d.t.Fatal(err)
	}
}

// get returns the one value that a query yields.
func get[T any](d *database, query string, args ...any) T {
	d.t.Helper()
	var value T
	if err := d.db.QueryRowContext(d.t.Context(), query, args...).Scan(&value); err != nil {
		d.t.Fatal(err)
	}
	return value
}

// expire lets the clock pass the end of a record.
func (d *database) expire(ids ...string) {
	d.t.Helper()
	for _, id := range ids {
		d.sql(`UPDATE sessions SET expires_at = 1 WHERE id = ?`, []byte(id))
	}
}

func (d *database) write(id, data, subject string) {
	d.t.Helper()
	if _, err := d.Write(d.t.Context(), id, record(data, subject)); err != nil {
		d.t.Fatal(err)
	}
}

// data returns what is stored, "" if nothing is.
func (d *database) data(id string) string {
	d.t.Helper()
	r, err := d.Read(d.t.Context(), id)
	if err == backends.ErrNotFound {
		return ""
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return string(r.Data)
}

func record(data, subject string) backends.Record {
	r := backends.Record{TTL: time.Hour, Subject: subject}
	if data != "" {
		r.Data = []byte(data)
	}
	return r
}

func id(n int) string { return fmt.Sprintf("id-%08d", n) }

// together calls f(0) to f(n-1) at the same time.
func together(n int, f func(int)) {
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wait.Wait()
}
