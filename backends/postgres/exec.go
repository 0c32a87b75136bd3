package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions/backends"
)

// repeat says what to do with a statement whose connection broke, so that it is
// unknown whether it was carried out.
type repeat bool

const (
	once       repeat = false // the caller has to find out
	repeatable repeat = true  // carrying it out twice has the same effect as once
)

// exec runs one statement that may be repeated, and returns how many rows it
// changed.
func (b *Backend) exec(ctx context.Context, sql string, args ...any) (changed int64, err error) {
	err = b.do(ctx, repeatable, func(conn *pgxpool.Conn) error {
		tag, err := conn.Exec(ctx, sql, b.args(args)...)
		changed = tag.RowsAffected()
		return err
	})
	return changed, err
}

// change runs one statement that must not be carried out twice, and returns the
// number in its row. The statement returns a row if it changes anything, and
// otherwise no row, which is [pgx.ErrNoRows], or a row with another number.
func (b *Backend) change(ctx context.Context, sql string, args ...any) (outcome int, err error) {
	const none = -1
	err = b.do(ctx, once, func(conn *pgxpool.Conn) error {
		outcome = none
		err := conn.QueryRow(ctx, sql, b.args(args)...).Scan(&outcome)
		if outcome == none && interrupted(err) {
			return unchanged{err}
		}
		return err
	})
	return outcome, err
}

// row runs one statement that may be repeated and scans its row. It returns
// [pgx.ErrNoRows] if there is none.
func (b *Backend) row(ctx context.Context, sql string, args []any, dest ...any) error {
	return b.do(ctx, repeatable, func(conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, sql, b.args(args)...).Scan(dest...)
	})
}

// stored runs one statement that only reads and returns its rows.
func (b *Backend) stored(ctx context.Context, scan pgx.RowToFunc[backends.Entry], sql string, args ...any) (list []backends.Entry, err error) {
	err = b.do(ctx, repeatable, func(conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, sql, b.args(args)...)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scan)
		return err
	})
	return list, err
}

// args prepends the execution mode to args if it is not the pool's own.
func (b *Backend) args(args []any) []any {
	if b.pooler.Load() {
		return append([]any{b.unprepared}, args...)
	}
	return args
}

const (
	// maxAttempts bounds how often a statement is sent that loses against
	// concurrent transactions, at an isolation level that makes this an error.
	maxAttempts = 20

	// maxLost bounds how many connections may break under one statement. What
	// ends all connections at once may do so again while new ones are made.
	maxLost = 3
)

// do calls f with a connection, and calls it again if that is both useful and
// safe.
func (b *Backend) do(ctx context.Context, again repeat, f func(*pgxpool.Conn) error) error {
	if b.invalid != nil {
		return b.invalid
	}
	for attempt := 1; ; attempt++ {
		conn, err := b.acquire(ctx, again == once, attempt > 1)
		if err != nil && again == once {
			// Nothing was sent, and what an earlier attempt did was undone.
			return backends.NotApplied(err)
		}
		if err != nil {
			return err
		}
		err = f(conn)
		for n := 0; n < 3 && stale(err); n++ {
			// The table was altered, perhaps more than once. pgx has dropped
			// the statements that it had prepared on this connection; the other
			// connections will get the same error.
			err = f(conn)
		}
		lost := conn.Conn().IsClosed()
		conn.Release()
		if err == nil {
			return nil
		}
		if err = b.explain(err, again); ctx.Err() != nil {
			return err
		}
		switch sqlState(err) {
		case serializationFailure, deadlock:
			if attempt < maxAttempts {
				continue
			}
		case duplicateStatement, unknownStatement:
			b.pooler.Store(true)
			if attempt == 1 {
				continue
			}
		default:
			if attempt < maxLost && (pgconn.SafeToRetry(err) || lost && again == repeatable) {
				continue
			}
		}
		return err
	}
}

// acquire returns a connection. If look is set, the connection was not closed
// while it was idle, for example by a restart of the server, which closes all of
// them. So a restart affects only the statements that it interrupts, and a commit
// that was never sent never has an unknown outcome. A statement that may be repeated
// does not need the look: it is repeated. If ask is set, because another connection
// has just broken, acquire also pings the server, which may be about to end this
// connection too.
func (b *Backend) acquire(ctx context.Context, look, ask bool) (*pgxpool.Conn, error) {
	for n := b.maxConns; ; n-- {
		conn, err := b.pool.Acquire(ctx)
		if err != nil || n == 0 || !look && !ask { // a full pool has no more old connections
			return conn, err
		}
		found := probe(conn.Conn().PgConn().Conn())
		if found == silent && !ask || found != dead && conn.Ping(ctx) == nil {
			return conn, nil
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel() // do not wait: the other side is gone
		conn.Conn().Close(cancelled)
		conn.Release()
	}
}

// The SQLSTATEs of errors after which a statement was certainly not carried
// out.
const (
	changedResult        = "0A000" // "cached plan must not change result type"
	changedParameter     = "42804" // a column has another type than when the statement was prepared
	changedOperand       = "42883" // the same, where it is compared
	duplicateStatement   = "42P05" // prepared before, on a server connection that a pooler handed over
	unknownStatement     = "26000" // prepared, but on another server connection
	serializationFailure = "40001" // where the server's default isolation level is not read committed
	deadlock             = "40P01"
	adminShutdown        = "57P01" // not in itself; see interrupted
)

func sqlState(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// stale reports whether err means that the table was altered after the
// statement was prepared.
func stale(err error) bool {
	state := sqlState(err)
	return state == changedResult || state == changedParameter || state == changedOperand
}

// outrun reports whether err says that another transaction was faster.
func outrun(err error) bool {
	state := sqlState(err)
	return state == serializationFailure || state == deadlock
}
