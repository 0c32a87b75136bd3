package sql

import (
	"reflect"
	"strings"
)

// SQLite returns the dialect of SQLite 3.37 or later, for the drivers
// modernc.org/sqlite, github.com/ncruces/go-sqlite3 and
// github.com/mattn/go-sqlite3. With another driver, set Judge so that it
// understands the driver's errors.
//
// The pool should have the journal in WAL mode, and one connection that writes
// ([database/sql.DB.SetMaxOpenConns]) while Options.Readers read. Package
// [github.com/gosessions/sessions/backends/sqlite] does all of that. Without it
// nothing is lost, but requests wait for each other.
func SQLite() Dialect {
	return Dialect{
		Name:  "SQLite",
		Quote: `"`,
		// The table keeps its hidden row numbers, because a row is often larger
		// than what fits well into an index. STRICT keeps text, which never
		// equals bytes, out of the columns.
		Schema: []string{`CREATE TABLE IF NOT EXISTS {table} (
	id         BLOB    NOT NULL PRIMARY KEY,
	subject    BLOB,
	filed_at   INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	revision   INTEGER NOT NULL,
	data       BLOB    NOT NULL
) STRICT`,
			`CREATE INDEX IF NOT EXISTS {index} ON {name} (subject) WHERE subject IS NOT NULL`},
		Keep:  "ON CONFLICT (id) DO NOTHING",
		Judge: judgeSQLite,
	}
}

// The primary result codes of SQLite.
const (
	sqliteError    = 1 // no such table, syntax
	sqlitePerm     = 3
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteReadOnly = 8
	sqliteIOErr    = 10
	sqliteCorrupt  = 11
	sqliteFull     = 13
	sqliteCantOpen = 14
	sqliteProtocol = 15
	sqliteTooBig   = 18
	sqliteConstr   = 19
	sqliteNotADB   = 26
)

// judgeSQLite goes by the result code. A statement that fails is rolled back, and
// what was not committed never takes effect. What an I/O error left behind is
// unknown: it may have come after the commit's last write.
func judgeSQLite(err error) Verdict {
	code, ok := find(err, sqliteCode)
	if !ok {
		return Verdict{}
	}
	switch code & 0xff {
	case sqliteBusy, sqliteLocked, sqliteProtocol:
		return Verdict{Answered: true, Undone: true, Again: true, Remedy: "the file is locked: look for a process that keeps a transaction open, such as a shell or a backup"}
	case sqliteReadOnly:
		return Verdict{Answered: true, Undone: true, Remedy: "the file cannot be written: give this process's user the right to write the file, the files beside it whose names end with -wal and -shm, and their directory"}
	case sqliteFull:
		return Verdict{Answered: true, Undone: true, Remedy: "the disk is full, or a quota used up: make room"}
	case sqliteCantOpen, sqlitePerm:
		return Verdict{Answered: true, Undone: true, Remedy: "the file cannot be opened: create its directory, and give this process's user the right to write there"}
	case sqliteCorrupt, sqliteNotADB:
		return Verdict{Answered: true, Undone: true, Remedy: "the file is damaged, or is not an SQLite database: restore it from a backup, or move it away with the files beside it whose names end with -wal and -shm, which ends all sessions"}
	case sqliteTooBig:
		return Verdict{Answered: true, Undone: true, TooLarge: true}
	case sqliteIOErr:
		return Verdict{Answered: true, Remedy: "the disk failed: look into the system's log"}
	case sqliteError, sqliteConstr:
		return Verdict{Answered: true, Undone: true}
	}
	return Verdict{}
}

// sqliteCode returns the result code of an error of one of the drivers, whose
// types this package does not import.
func sqliteCode(err error) (int64, bool) {
	if e, ok := err.(interface{ Code() int }); ok { // modernc.org/sqlite
		return int64(e.Code()), true
	}
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !strings.Contains(t.PkgPath(), "sqlite") {
		return 0, false
	}
	v := reflect.ValueOf(err)
	if code, ok := integer(v); ok { // ncruces/go-sqlite3, where the code alone is an error, too
		return code, true
	}
	// The name is a constant, for the linker.
	if code, ok := result(v.MethodByName("ExtendedCode")); ok {
		return code, true
	}
	return field(err, "ExtendedCode") // mattn/go-sqlite3
}
