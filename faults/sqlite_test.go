package faults_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/sqlite"
)

// sqlitePlan is a world whose instances each open the file.
func sqlitePlan(file string, options *sqlite.Options) plan {
	return plan{
		backend: func(t *testing.T) sessions.Backend {
			b, err := sqlite.Open(file, options)
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
	}
}

// lockSQLite keeps the file locked against writing for a time.
func lockSQLite(t *testing.T, file string, lasts time.Duration) {
	t.Helper()
	db := direct(t, "sqlite", file+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Error(err)
		return
	}
	time.Sleep(lasts)
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
}

// TestF43_SQLiteLocked: another process keeps the file locked, as a backup or a
// shell may. Everything can be read.
func TestF43_SQLiteLocked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sessions.db")
	p := sqlitePlan(file, &sqlite.Options{NoSync: true})
	newWorld(t, p).run(fault{
		name:       "F43 SQLite: locked by another process",
		strike:     func(*world) { lockSQLite(t, file, long(5*time.Second)) },
		mustRefuse: true,
		mayRefuse:  1,
	})
}
