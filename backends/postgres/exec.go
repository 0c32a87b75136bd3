package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions/backends"
)

// repeat says what to do with a statement when its connection broke, so that
// nobody knows whether it was carried out.
type repeat bool

const (
	once       repeat = false // leave it to the caller to find out
	repeatable repeat = true  // carrying it out twice does what once does
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

// change runs one statement that must not be carried out twice. It returns a row
// with a number if it changes anything, and otherwise [pgx.ErrNoRows] or a number
// of its own.
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

// row runs one statement that may be repeated and returns one row, and returns
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

// args puts the execution mode before args where it is not the pool's own.
func (b *Backend) args(args []any) []any {
	if b.pooler.Load() {
		return append([]any{b.unprepared}, args...)
	}
	return args
}

const (
	// maxAttempts bounds how often a statement is sent that others were faster
	// than, under an isolation level at which that is an error.
	maxAttempts = 20

	// maxLost bounds on how many connections a statement is sent that break
	// under it. Whatever ends all connections at once may do so again while
	// new ones are made.
	maxLost = 3
)

// do calls f with a connection, and again where that is both useful and safe.
func (b *Backend) do(ctx context.Context, again repeat, f func(*pgxpool.Conn) error) error {
	if b.invalid != nil {
		return b.invalid
	}
	for attempt := 1; ; attempt++ {
		conn, err := b.acquire(ctx, attempt > 1)
		if err != nil {
			return err
		}
		err = f(conn)
		for n := 0; n < 3 && stale(err); n++ {
			// Somebody altered the table, perhaps once more meanwhile. pgx has
			// dropped what it had prepared on this connection; the others will
			// come to know too.
			err = f(conn)
		}
		lost := conn.Conn().IsClosed()
		conn.Release()
		if err == nil || ctx.Err() != nil {
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

// acquire returns a connection that was not closed while it was idle: by a
// restart of the server, say, which closes them all. So a restart costs only
// the statements that it interrupts, and no commit is left in doubt that was
// never begun. If ask is set, because another connection has just broken, the
// server is asked as well: it may be about to end this one too.
func (b *Backend) acquire(ctx context.Context, ask bool) (*pgxpool.Conn, error) {
	for n := b.maxConns; ; n-- {
		conn, err := b.pool.Acquire(ctx)
		if err != nil || n == 0 { // even a full pool holds no more that are old
			return conn, err
		}
		found := probe(conn.Conn().PgConn().Conn())
		if found == silent && !ask || found != dead && conn.Ping(ctx) == nil {
			return conn, nil
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel() // there is nobody to say goodbye to
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

// stale reports whether err says that the table was altered after the statement
// had been prepared.
func stale(err error) bool {
	state := sqlState(err)
	return state == changedResult || state == changedParameter || state == changedOperand
}

// notApplied reports whether err says that another transaction was faster.
func notApplied(err error) bool {
	state := sqlState(err)
	return state == serializationFailure || state == deadlock
}

// interrupted reports whether err is the server's last word on a connection that an
// administrator ended, or a shutdown. All that the server said before has been
// received then, and rows are said before the statement is committed: if
// there is none, nothing was changed. A pooler's words, which do not tell where
// in the server's source they come from, prove nothing.
func interrupted(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == adminShutdown && e.Routine != ""
}

// unchanged is an error after which it is certain that nothing was changed.
type unchanged struct{ error }

func (e unchanged) Unwrap() error { return e.error }

// SafeToRetry is what [pgconn.SafeToRetry] asks.
func (unchanged) SafeToRetry() bool { return true }
