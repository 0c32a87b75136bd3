package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions/backends"
)

var errNoMax = errors.New("postgres: TrimSubject needs a max of 1 or more: to end all of a subject's records use RevokeSubject")

// readCommitted is for transactions that must see concurrent changes, whatever
// the server's default isolation level.
var readCommitted = pgx.TxOptions{IsoLevel: pgx.ReadCommitted}

// alone runs do in a transaction that excludes other transactions of this kind
// for the same subject. It holds an advisory lock whose number is a hash of the
// table's name and the subject's.
func (b *Backend) alone(ctx context.Context, conn *pgxpool.Conn, subject string, do func(pgx.Tx) error) error {
	sum := sha256.Sum256([]byte(b.table.Sanitize() + "\x00" + subject))
	number := int64(binary.BigEndian.Uint64(sum[:]))
	return pgx.BeginTxFunc(ctx, conn, readCommitted, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, b.sql.lock, b.args([]any{number})...); err != nil {
			return err
		}
		return do(tx)
	})
}

// file is like change, for a statement that may file record under its subject.
// If the record has a limit and the one under id does not have the subject yet,
// it first checks that there is room.
func (b *Backend) file(ctx context.Context, id string, record backends.Record, sql string, args ...any) (outcome int, err error) {
	if record.SubjectLimit <= 0 || record.Subject == "" {
		return b.change(ctx, sql, args...)
	}
	err = b.do(ctx, once, func(conn *pgxpool.Conn) error {
		committing := false
		err := b.alone(ctx, conn, record.Subject, func(tx pgx.Tx) error {
			var others int
			var own bool
			err := tx.QueryRow(ctx, b.sql.room, b.args([]any{subjectKey(record.Subject), key(id)})...).Scan(&others, &own)
			if err == nil && !own && others >= record.SubjectLimit {
				err = backends.ErrSubjectLimit
			}
			if err == nil {
				err = tx.QueryRow(ctx, sql, b.args(args)...).Scan(&outcome)
			}
			committing = err == nil
			return err
		})
		if err != nil && !committing && conn.Conn().IsClosed() {
			return unchanged{err}
		}
		return err
	})
	return outcome, err
}

// TrimSubject implements [backends.SubjectIndex]. It takes one statement if
// there are no more than max records, and otherwise a transaction. A rotated
// record keeps its place, and is found under its new ID.
func (b *Backend) TrimSubject(ctx context.Context, subject string, max int, keep string) (removed []string, err error) {
	if max < 1 {
		return nil, errNoMax
	}
	if subject == "" {
		return nil, b.invalid
	}
	var n int
	if err := b.row(ctx, b.sql.count, []any{subjectKey(subject)}, &n); err != nil || n <= max {
		return nil, err
	}
	kept := []byte{}
	if keep != "" {
		kept = key(keep)
	}
	err = b.do(ctx, repeatable, func(conn *pgxpool.Conn) error {
		removed = nil
		return b.alone(ctx, conn, subject, func(tx pgx.Tx) error {
			for look := 0; ; look++ {
				if look == patience {
					if _, err := tx.Exec(ctx, b.sql.stop, b.args(nil)...); err != nil {
						return err
					}
				}
				var ids []hexadecimal
				var escaped int
				err := tx.QueryRow(ctx, b.sql.trim, b.args([]any{subjectKey(subject), max, kept})...).Scan(&ids, &escaped)
				for _, id := range ids {
					removed = append(removed, string(id))
				}
				if err != nil || escaped == 0 || look >= patience {
					return err
				}
			}
		})
	})
	if err != nil {
		return nil, err // nothing has changed, unless the answer to the commit was lost
	}
	return removed, nil
}
