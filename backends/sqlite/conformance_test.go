package sqlite_test

import (
	"context"
	stdsql "database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/sqlite"
	"github.com/gosessions/sessions/sessionstest"
)

// open returns a backend on a new file, which does not sweep by itself and does
// not wait for the disk, and a connection of the test's own.
func open(t testing.TB) (*sqlite.Backend, *stdsql.DB) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sessions.db")
	b, err := sqlite.Open(file, &sqlite.Options{SweepEvery: -1, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b, direct(t, file)
}

func direct(t testing.TB, file string) *stdsql.DB {
	t.Helper()
	db, err := stdsql.Open("sqlite", file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestConformance: every rule of a backend, as it is and as the middleware binds
// it without an idle timeout.
func TestConformance(t *testing.T) {
	for _, bound := range []bool{false, true} {
		name := "direct"
		if bound {
			name = "bound"
		}
		t.Run(name, func(t *testing.T) {
			d, db := open(t)
			var b backends.Backend = d
			if bound {
				var err error
				if b, err = backends.Bind(d, backends.Settings{}); err != nil {
					t.Fatal(err)
				}
			}
			sessionstest.TestBackend(t, func(*testing.T) backends.Backend { return b }, &sessionstest.Options{
				Resolution: 5 * time.Second, // this moment passes by itself as well
				Advance: func(by time.Duration) {
					if _, err := db.ExecContext(context.Background(), `UPDATE sessions SET expires_at = expires_at - ?`, by.Microseconds()); err != nil {
						t.Error(err)
					}
				},
			})
		})
	}
}

// TestStorm: log out everywhere, limits and eviction, while sessions change
// their IDs.
func TestStorm(t *testing.T) {
	b, _ := open(t)
	if err := sessionstest.Storm(t.Context(), b, 20); err != nil {
		t.Error(err)
	}
}
