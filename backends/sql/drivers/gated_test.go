package drivers_test

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"testing"

	"github.com/gosessions/sessions/internal/explore"
)

// gated is a driver that holds a thread before each statement, and before each
// transaction. Within a transaction it holds nobody: there a thread has locks, for
// which the others would wait outside of the gates.
type gated struct {
	driver driver.Driver
	dsn    string
}

func (g gated) Connect(context.Context) (driver.Conn, error) {
	c, err := g.driver.Open(g.dsn)
	if err != nil {
		return nil, err
	}
	return &gatedConn{Conn: c}, nil
}

// Driver implements [driver.Connector].
func (g gated) Driver() driver.Driver { return g.driver }

type gatedConn struct {
	driver.Conn
	inside bool // of a transaction
}

func (c *gatedConn) pause(ctx context.Context) {
	if !c.inside {
		explore.Pause(ctx, "statement")
	}
}

func (c *gatedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	return gatedStmt{s, c}, err
}

func (c *gatedConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	c.pause(ctx)
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	c.inside = true
	return gatedTx{tx, c}, nil
}

type gatedTx struct {
	driver.Tx
	conn *gatedConn
}

func (tx gatedTx) Commit() error {
	tx.conn.inside = false
	return tx.Tx.Commit()
}

func (tx gatedTx) Rollback() error {
	tx.conn.inside = false
	return tx.Tx.Rollback()
}

type gatedStmt struct {
	driver.Stmt
	conn *gatedConn
}

func (s gatedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.conn.pause(ctx)
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s gatedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.conn.pause(ctx)
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

// gatedPool is a pool of gated connections, enough for all threads that are held.
func gatedPool(t *testing.T, name, dsn string) *stdsql.DB {
	t.Helper()
	plain := pool(t, name, dsn)
	db := stdsql.OpenDB(gated{plain.Driver(), dsn})
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	t.Cleanup(func() { _ = db.Close() })
	return db
}
