package ncruces_test

import (
	"context"
	stdsql "database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/sql"
	"github.com/gosessions/sessions/sessionstest"
)

func open(t *testing.T) (*sql.Backend, *stdsql.DB) {
	db, err := stdsql.Open("sqlite3", "file:"+filepath.Join(t.TempDir(), "sessions.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	b := sql.New(db, sql.SQLite(), &sql.Options{SweepEvery: -1})
	t.Cleanup(func() { _ = b.Close() })
	if err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b, db
}

// TestConformance: every rule of a backend.
func TestConformance(t *testing.T) {
	b, db := open(t)
	sessionstest.TestBackend(t, func(*testing.T) backends.Backend { return b }, &sessionstest.Options{
		Resolution: 5 * time.Second, // this moment passes by itself as well
		Advance: func(by time.Duration) {
			if _, err := db.ExecContext(context.Background(), `UPDATE sessions SET expires_at = expires_at - ?`, by.Microseconds()); err != nil {
				t.Error(err)
			}
		},
	})
}

// TestStorm: log out everywhere, limits and eviction, while sessions change
// their IDs.
func TestStorm(t *testing.T) {
	b, _ := open(t)
	if err := sessionstest.Storm(t.Context(), b, 2); err != nil {
		t.Error(err)
	}
}

// TestErrors_AreUnderstood: the driver's errors have a code where this one looks
// for it.
func TestErrors_AreUnderstood(t *testing.T) {
	b, db := open(t)
	if _, err := db.ExecContext(t.Context(), `DROP TABLE sessions`); err != nil {
		t.Fatal(err)
	}
	err := b.Swap(t.Context(), "id", nil, backends.Record{Data: []byte("data"), TTL: time.Hour})
	if !errors.Is(err, backends.ErrNotApplied) || !strings.Contains(err.Error(), "no such table") {
		t.Errorf("got %v, want an ErrNotApplied that tells of the table", err)
	}
}
