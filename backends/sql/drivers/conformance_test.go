package drivers_test

import (
	"context"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/sql"
	"github.com/gosessions/sessions/sessionstest"
)

// TestConformance: every rule of a backend, with every driver and with the
// settings that other programs of a site may need.
func TestConformance(t *testing.T) {
	each(t, setups, func(t *testing.T, d *database) {
		sessionstest.TestBackend(t, func(*testing.T) backends.Backend { return d.Backend }, &sessionstest.Options{
			// This moment passes by itself as well, slowly on a busy machine.
			Resolution: 5 * time.Second,
			Advance: func(by time.Duration) {
				if _, err := d.db.ExecContext(context.Background(), `UPDATE sessions SET expires_at = expires_at - ?`, by.Microseconds()); err != nil {
					t.Error(err)
				}
			},
		})
	})
}

// TestTable: the table may have another name, and be in another database than
// that of the connection.
func TestTable(t *testing.T) {
	each(t, servers, func(t *testing.T, d *database) {
		database := "main"
		if d.dialect.Name == "MySQL" {
			database = get[string](d, `SELECT DATABASE()`)
		}
		for _, name := range []string{"order", database + ".Web_Sessions"} {
			b := sql.New(d.pool, d.dialect, &sql.Options{SweepEvery: -1, Table: name})
			defer b.Close()
			for range 2 {
				if err := b.Migrate(t.Context()); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if err := b.Check(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := b.Sweep(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := b.Write(t.Context(), "id", record("data", "")); err != nil { // and what Check does not need
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := get[int](d, `SELECT COUNT(*) FROM sessions`); n != 0 {
			t.Errorf("%d rows in the table that has the default name", n)
		}
	})
}

// TestStorm: log out everywhere, limits and eviction, while sessions change
// their IDs.
func TestStorm(t *testing.T) {
	each(t, setups, func(t *testing.T, d *database) {
		if err := sessionstest.Storm(t.Context(), d.Backend, 3); err != nil {
			t.Error(err)
		}
	})
}
