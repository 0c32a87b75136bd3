package sql_test

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"errors"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/sql"
)

// hanging is a database in which every statement succeeds and changes one row, and
// that hangs when a transaction is to end.
type hanging struct{ end chan struct{} }

func (h hanging) Connect(context.Context) (driver.Conn, error) { return h, nil }
func (h hanging) Driver() driver.Driver                        { return nil }
func (h hanging) Prepare(string) (driver.Stmt, error)          { return h, nil }
func (h hanging) Begin() (driver.Tx, error)                    { return h, nil }
func (h hanging) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return h, nil
}
func (h hanging) NumInput() int                              { return -1 }
func (h hanging) Exec([]driver.Value) (driver.Result, error) { return driver.RowsAffected(1), nil }
func (h hanging) Query([]driver.Value) (driver.Rows, error)  { return nil, errors.New("not here") }
func (h hanging) Close() error                               { return nil }

func (h hanging) Commit() error {
	<-h.end
	return nil
}

func (h hanging) Rollback() error { return h.Commit() }

// TestAHangingCommitEndsWithItsContext, and nobody knows what came of it; before the
// commit, it is certain that nothing did.
func TestAHangingCommitEndsWithItsContext(t *testing.T) {
	h := hanging{make(chan struct{})}
	db := stdsql.OpenDB(h)
	b := sql.New(db, sql.MySQL(), &sql.Options{SweepEvery: -1})
	defer db.Close()
	defer b.Close()
	defer close(h.end)
	r := backends.Record{Data: []byte("data"), TTL: time.Hour}
	limited := r
	limited.Subject, limited.SubjectLimit = "ada", 1
	for name, tt := range map[string]struct {
		do      func(context.Context) error
		certain bool
	}{
		"commit":   {func(ctx context.Context) error { return b.Rotate(ctx, "id", []byte("old"), r, "new", r) }, false},
		"rollback": {func(ctx context.Context) error { return b.Swap(ctx, "id", nil, limited) }, true},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := tt.do(ctx)
		cancel()
		if err == nil || errors.Is(err, backends.ErrNotApplied) != tt.certain {
			t.Errorf("%s: got %v, want an error that is certain: %v", name, err, tt.certain)
		}
	}
}
