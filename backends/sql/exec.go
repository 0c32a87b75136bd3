package sql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"math/rand/v2" //rules:allow because it only keeps rivals apart
	"time"

	"github.com/gosessions/sessions/backends"
)

// repeat says what to do with a statement whose connection broke, so that it is
// unknown whether it was carried out.
type repeat bool

const (
	once       repeat = false // the caller has to find out
	repeatable repeat = true  // carrying it out twice has the same effect as once
)

const (
	// patience is for how long a statement is sent again that others keep from
	// its work.
	patience = 5 * time.Second

	// maxLost bounds how many connections may break under one statement. What
	// ends all connections at once may do so again while new ones are made.
	maxLost = 3
)

// do calls f, and calls it again if that is both useful and safe.
func (b *Backend) do(ctx context.Context, again repeat, f func() error) error {
	if b.invalid != nil {
		return b.invalid
	}
	if b.stmts == nil {
		return errNotMade
	}
	began := time.Now()
	for attempt, lost := 1, 0; ; attempt++ {
		err := f()
		if err == nil || isAnswer(err) {
			return err
		}
		v := b.judge(err)
		err = b.explain(err, v, again)
		if ctx.Err() != nil {
			return err
		}
		switch {
		case v.Again:
			// Rivals that were sent away at the same moment must not meet again.
			if time.Since(began) > patience || sleep(ctx, rand.N(time.Millisecond<<min(attempt, 6))) != nil {
				return err
			}
		case v.Answered:
			return err
		default:
			if lost++; lost >= maxLost || again == once && !v.Undone {
				return err
			}
		}
	}
}

// isAnswer reports whether err is one of the contract's answers, or the driver's
// word that there is no row.
func isAnswer(err error) bool {
	return err == backends.ErrConflict || err == backends.ErrNotFound || err == backends.ErrSubjectLimit || err == sql.ErrNoRows || err == errTurns
}

// A doer runs statements, each on its own or all in one transaction.
type doer interface {
	change(ctx context.Context, s *statement, v values) (int64, error)
}

// alone is a doer without a transaction.
type alone struct{ *Backend }

// change runs one statement that must not be carried out twice, and returns how
// many rows it changed.
func (a alone) change(ctx context.Context, s *statement, v values) (int64, error) {
	return a.affected(ctx, once, s, v)
}

// exec runs one statement that may be repeated, and returns how many rows it
// changed.
func (b *Backend) exec(ctx context.Context, s *statement, v values) (int64, error) {
	return b.affected(ctx, repeatable, s, v)
}

func (b *Backend) affected(ctx context.Context, again repeat, s *statement, v values) (n int64, err error) {
	err = b.do(ctx, again, func() error {
		prepared, err := s.prepare(ctx)
		if err != nil {
			return unsent(err)
		}
		result, err := prepared.ExecContext(ctx, s.args(v)...)
		if err == nil {
			n, err = result.RowsAffected()
		}
		return err
	})
	return n, err
}

// row runs one statement that only reads and scans its row. It returns
// [sql.ErrNoRows] if there is none.
func (b *Backend) row(ctx context.Context, s *statement, v values, dest ...any) error {
	return b.do(ctx, repeatable, func() error {
		prepared, err := s.prepare(ctx)
		if err != nil {
			return err
		}
		return prepared.QueryRowContext(ctx, s.args(v)...).Scan(dest...)
	})
}

// rows runs one statement that only reads and calls scan for each of its rows.
// It may call begin and scan again from the start.
func (b *Backend) rows(ctx context.Context, s *statement, v values, begin func(), scan func(scanner) error) error {
	return b.do(ctx, repeatable, func() error {
		begin()
		prepared, err := s.prepare(ctx)
		if err != nil {
			return err
		}
		rows, err := prepared.QueryContext(ctx, s.args(v)...)
		if err != nil {
			return err
		}
		return each(rows, scan)
	})
}

func each(rows *sql.Rows, scan func(scanner) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// notSent is an error of a step before the statement itself.
type notSent struct{ error }

func (e notSent) Unwrap() error { return e.error }

// Is makes it a [backends.ErrNotApplied].
func (notSent) Is(target error) bool { return target == backends.ErrNotApplied }

func unsent(err error) error {
	if err == nil || isAnswer(err) {
		return err
	}
	return notSent{err}
}

// transaction is a doer inside of a transaction.
type transaction struct{ *sql.Tx }

// statement returns s as prepared on the transaction's connection. It does not ask
// the pool for another connection, which may have only this one.
func (t transaction) statement(ctx context.Context, s *statement) (*sql.Stmt, error) {
	if p := s.prepared.Load(); p != nil {
		return t.StmtContext(ctx, p), nil
	}
	return t.PrepareContext(ctx, s.text)
}

func (t transaction) change(ctx context.Context, s *statement, v values) (int64, error) {
	prepared, err := t.statement(ctx, s)
	if err != nil {
		return 0, err
	}
	result, err := prepared.ExecContext(ctx, s.args(v)...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (t transaction) row(ctx context.Context, s *statement, v values, dest ...any) error {
	prepared, err := t.statement(ctx, s)
	if err != nil {
		return err
	}
	return prepared.QueryRowContext(ctx, s.args(v)...).Scan(dest...)
}

// atomically runs f in a transaction, whose first statement must write: SQLite
// then waits for the writer before it, instead of failing later. If f returns an
// error, nothing was changed.
func (b *Backend) atomically(ctx context.Context, again repeat, f func(transaction) error) error {
	return b.do(ctx, again, func() error {
		for _, s := range b.sql().inside {
			if _, err := s.prepare(ctx); err != nil {
				return unsent(err)
			}
		}
		conn, err := b.db.Conn(ctx)
		if err != nil {
			return unsent(err)
		}
		tx, err := conn.BeginTx(ctx, &sql.TxOptions{Isolation: b.dialect.Isolation})
		if err != nil {
			return unsent(release(conn, err))
		}
		if err := f(transaction{tx}); err != nil {
			_ = within(ctx, func() error { return release(conn, tx.Rollback()) })
			return unsent(err)
		}
		return within(ctx, func() error { return release(conn, tx.Commit()) })
	})
}

// within calls f, and returns without it when ctx ends: the end of a transaction
// takes no context, and on a server that hangs it would take forever.
func within(ctx context.Context, f func() error) error {
	if ctx.Done() == nil {
		return f()
	}
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// release gives the connection back, or closes it if its transaction may not have
// ended, as err says, and returns err.
func release(conn *sql.Conn, err error) error {
	if err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	_ = conn.Close()
	return err
}

// scanner is a row of a result.
type scanner interface{ Scan(dest ...any) error }
