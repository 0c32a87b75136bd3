package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gosessions/sessions/backends"
)

// interrupted reports whether err is the server's last word on a connection that an
// administrator ended, or a shutdown. All that the server said before has been
// received then, and rows are said before the statement is committed: where
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

// Is makes it a [backends.ErrNotApplied].
func (unchanged) Is(target error) bool { return target == backends.ErrNotApplied }

// explain says what to do about err, and marks it if the statement is one that is
// sent once and certainly changed nothing.
func (b *Backend) explain(err error, again repeat) error {
	switch state := sqlState(err); {
	case state == undefinedTable || state == undefinedColumn:
		err = fmt.Errorf("postgres: the table %s does not exist as this version needs it: call postgres.Migrate, or Backend.Migrate, when the program starts, or check Options.Table: %w", b.table.Sanitize(), err)
	case state == insufficientPrivilege:
		err = fmt.Errorf("postgres: the role lacks a right on the table %s: GRANT it SELECT, INSERT, UPDATE and DELETE, and USAGE on the schema: %w", b.table.Sanitize(), err)
	}
	if again == once && (rolledBack(err) || pgconn.SafeToRetry(err)) {
		return backends.NotApplied(err)
	}
	return err
}

// The SQLSTATEs of errors that have a remedy.
const (
	undefinedTable        = "42P01"
	undefinedColumn       = "42703"
	insufficientPrivilege = "42501"
)

// completionUnknown is the one error of its severity that does not say that the
// transaction was rolled back.
const completionUnknown = "40003"

// rolledBack reports whether err is the server's word that a statement failed. It
// rolls back the statement's transaction then, which is the statement alone or the
// whole of [Backend.alone]. A connection that ends is FATAL and proves nothing, and
// neither does what a pooler says; see interrupted.
func rolledBack(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.SeverityUnlocalized == "ERROR" && e.Routine != "" && e.Code != completionUnknown
}
