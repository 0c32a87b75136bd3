package drivers_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/sql"
)

// fill stores n rows, of which every other one has expired.
func (d *database) fill(n int) {
	d.t.Helper()
	tx, err := d.db.Begin()
	if err != nil {
		d.t.Fatal(err)
	}
	defer tx.Rollback()
	for i := range n {
		expires := int64(1)
		if i%2 == 0 {
			expires = time.Now().Add(time.Hour).UnixMicro()
		}
		if _, err := tx.Exec(`INSERT INTO sessions VALUES (?, NULL, 1, ?, 0, ?)`, []byte(id(i)), expires, []byte("data")); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		d.t.Fatal(err)
	}
}

// TestSweep: several instances sweep at once, while sessions are used, and delete
// what has expired and nothing else, each row once.
func TestSweep(t *testing.T) {
	each(t, servers, func(t *testing.T, d *database) {
		const rows = 2500
		d.fill(rows)
		other := sql.New(pool(t, driverOf(d), d.dsn), d.dialect, &sql.Options{SweepEvery: -1})
		defer other.Close()
		var deleted atomic.Int64
		together(3, func(n int) {
			if n == 2 {
				for i := range 50 {
					if _, err := d.Touch(t.Context(), id(40*i), time.Hour); err != nil {
						t.Errorf("Touch while it is swept: %v", err)
					}
				}
				return
			}
			swept, err := []*sql.Backend{d.Backend, other}[n].Sweep(t.Context())
			if err != nil {
				t.Error(err)
			}
			deleted.Add(int64(swept))
		})
		if left := get[int](d, `SELECT COUNT(*) FROM sessions`); deleted.Load() != rows/2 || left != rows/2 {
			t.Errorf("%d were deleted and %d are left, want %d of both", deleted.Load(), left, rows/2)
		}
		var ids []string
		err := d.Walk(t.Context(), func(e backends.Entry) error { ids = append(ids, e.ID); return d.Remove(t.Context(), e.ID) })
		if err != nil || len(ids) != rows/2 || !slices.IsSorted(ids) {
			t.Errorf("Walk: %d records, %v", len(ids), err)
		}
	})
}

func driverOf(d *database) string {
	if d.dialect.Name == "SQLite" {
		return "sqlite"
	}
	return "mysql"
}

// TestSweepInTheBackground: of several instances one sweeps, and the lock and the
// turn are not sessions.
func TestSweepInTheBackground(t *testing.T) {
	each(t, servers, func(t *testing.T, d *database) {
		d.fill(200)
		limited := record("data", "ada")
		limited.SubjectLimit = 3
		if err := d.Swap(t.Context(), "limited", nil, limited); err != nil { // makes the row of a lock
			t.Fatal(err)
		}
		deleted := make(chan int, 10)
		options := &sql.Options{SweepEvery: time.Second, OnSweep: func(n int, err error) {
			if err != nil {
				t.Error(err)
			}
			deleted <- n
		}}
		for range 3 {
			b := sql.New(d.pool, d.dialect, options)
			defer b.Close()
		}
		if n := <-deleted; n != 100 {
			t.Errorf("%d rows were deleted, want 100", n)
		}
		n := 0
		if err := d.Walk(t.Context(), func(backends.Entry) error { n++; return nil }); err != nil || n != 101 {
			t.Errorf("Walk: %d records, %v, want 101", n, err)
		}
		if got := get[int](d, `SELECT COUNT(*) FROM sessions WHERE id < ?`, []byte{' '}); got != 2 {
			t.Errorf("%d rows of the package's own, want the lock and the turn", got)
		}
	})
}

// TestWriteOverExpired: what is written over an expired row begins anew, with
// nothing of it.
func TestWriteOverExpired(t *testing.T) {
	each(t, servers, func(t *testing.T, d *database) {
		for name, write := range map[string]func(id string) error{
			"Write": func(id string) error { _, err := d.Write(t.Context(), id, record("new", "")); return err },
			"Swap":  func(id string) error { return d.Swap(t.Context(), id, nil, record("new", "")) },
			"Rotate": func(id string) error {
				d.write("from", "data", "")
				return d.Rotate(t.Context(), "from", []byte("data"), backends.Record{}, id, record("new", ""))
			},
		} {
			d.write(name, "old", "ada")
			d.expire(name)
			if err := write(name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if r, err := d.Read(t.Context(), name); err != nil || string(r.Data) != "new" || r.Subject != "" {
				t.Errorf("%s: got %q of %q, %v", name, r.Data, r.Subject, err)
			}
		}
		if err := d.Swap(t.Context(), "absent", []byte("old"), record("new", "")); !errors.Is(err, backends.ErrConflict) {
			t.Errorf("Swap of what is absent: got %v, want ErrConflict", err)
		}
	})
}
