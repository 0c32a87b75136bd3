package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions"
)

// repeat says what to do with a statement when its connection broke, so that
// nobody knows whether it was carried out.
type repeat bool

const (
	once       repeat = false // leave it to the caller to find out
	repeatable repeat = true  // carrying it out twice does what once does
)

// exec runs one statement and returns how many rows it changed.
func (b *Backend) exec(ctx context.Context, again repeat, sql string, args ...any) (changed int64, err error) {
	err = b.do(ctx, again, func(conn *pgxpool.Conn) error {
		tag, err := conn.Exec(ctx, sql, b.args(args)...)
		changed = tag.RowsAffected()
		return err
	})
	return changed, err
}

// row runs one statement that returns one row, and returns [pgx.ErrNoRows] where
// there is none.
func (b *Backend) row(ctx context.Context, again repeat, sql string, args []any, dest ...any) error {
	return b.do(ctx, again, func(conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, sql, b.args(args)...).Scan(dest...)
	})
}

// stored runs one statement that only reads and returns its rows.
func (b *Backend) stored(ctx context.Context, scan pgx.RowToFunc[sessions.Stored], sql string, args ...any) (list []sessions.Stored, err error) {
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

// maxAttempts bounds how often a statement is sent that others were faster
// than, under an isolation level at which that is an error.
const maxAttempts = 20

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
			if attempt == 1 && (pgconn.SafeToRetry(err) || lost && again == repeatable) {
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
	duplicateStatement   = "42P05" // prepared before, on a server connection that a pooler handed over
	unknownStatement     = "26000" // prepared, but on another server connection
	serializationFailure = "40001" // where the server's default isolation level is not read committed
	deadlock             = "40P01"
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

// stale tells whether err says that the table was altered after the statement
// had been prepared.
func stale(err error) bool {
	state := sqlState(err)
	return state == changedResult || state == changedParameter
}

// notApplied tells whether err says that another transaction was faster.
func notApplied(err error) bool {
	state := sqlState(err)
	return state == serializationFailure || state == deadlock
}
