package postgres_test

import (
	"errors"
	"testing"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// TestF17_ConnectionEndedUnderAChange: an administrator ends the connection
// under a statement that changes something. As long as the server had not said
// that it did, it did not, and the statement is sent again. Otherwise nobody
// knows, and it is not.
func TestF17_ConnectionEndedUnderAChange(t *testing.T) {
	for _, moment := range []struct {
		name  string
		setUp string // makes every change wait for the lock
		lock  string
		again bool
	}{
		{"before the change", ``, `LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE`, true},
		{"while it is committed", `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	PERFORM pg_advisory_xact_lock(1);
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER wait AFTER INSERT OR UPDATE OR DELETE ON sessions DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION wait()`, `SELECT pg_advisory_xact_lock(1)`, false},
	} {
		for _, change := range []struct {
			name string
			op   func(b *postgres.Backend) error
			want map[string]string // what is stored afterwards
		}{
			{"Write", func(b *postgres.Backend) error {
				_, err := b.Write(t.Context(), "id", record("new", ""))
				return err
			}, map[string]string{"id": "new"}},
			{"create", func(b *postgres.Backend) error { return b.Swap(t.Context(), "other", nil, record("new", "")) }, map[string]string{"id": "old", "other": "new"}},
			{"Swap", func(b *postgres.Backend) error { return b.Swap(t.Context(), "id", []byte("old"), record("new", "")) }, map[string]string{"id": "new"}},
			{"end", func(b *postgres.Backend) error {
				return b.Swap(t.Context(), "id", []byte("old"), backends.Record{})
			}, map[string]string{"id": ""}},
			{"Rotate", func(b *postgres.Backend) error {
				return b.Rotate(t.Context(), "id", []byte("old"), record("tombstone", ""), "other", record("new", ""))
			}, map[string]string{"id": "tombstone", "other": "new"}},
		} {
			t.Run(moment.name+"/"+change.name, func(t *testing.T) {
				d := open(t)
				d.write("id", "old", "")
				if moment.setUp != "" {
					d.sql(moment.setUp)
				}
				b := postgres.New(newPool(t, services.With(t, d.url, "application_name=used")), &postgres.Options{SweepEvery: never})
				defer b.Close()
				tx, err := d.pool.Begin(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := tx.Exec(t.Context(), moment.lock); err != nil {
					t.Fatal(err)
				}
				together(2, func(who int) {
					if who == 0 {
						err = change.op(b)
						return
					}
					for !get[bool](d, `SELECT count(pg_terminate_backend(pid, 5000)) > 0 FROM pg_stat_activity
WHERE application_name = 'used' AND datname = current_database() AND wait_event_type = 'Lock'`) {
					}
					tx.Rollback(t.Context())
				})
				if (err == nil) != moment.again || errors.Is(err, backends.ErrConflict) || errors.Is(err, backends.ErrNotFound) {
					t.Errorf("got %v, want that it is sent again: %v", err, moment.again)
				}
				want := change.want
				if !moment.again {
					want = map[string]string{"id": "old", "other": ""}
				}
				for id, data := range want {
					if got := d.data(id); got != data {
						t.Errorf("%s is %q, want %q", id, got, data)
					}
				}
			})
		}
	}
}
