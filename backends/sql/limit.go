package sql

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/gosessions/sessions/backends"
)

var errNoMax = errors.New("sql: TrimSubject needs a max of 1 or more: to end all of a subject's records use RevokeSubject")

// forever is the life of a row that is not a session.
const forever = 200 * 365 * 24 * time.Hour

// lock begins a transaction that excludes other transactions of this kind for
// the same subject, and for some other subjects: the lock is one of 256 rows,
// chosen by a digest, whose IDs no session has.
func (b *Backend) lock(ctx context.Context, tx transaction, subject string) error {
	sum := sha256.Sum256([]byte(subject))
	v := values{id: fmt.Appendf(nil, "\x00lock %02x", sum[0]), data: []byte("lock"), ttl: forever}
	for range maxTurns {
		n, err := tx.change(ctx, b.sql().lock, v)
		if err != nil || n > 0 {
			return err
		}
		if _, err := tx.change(ctx, b.sql().create, v); err != nil {
			return err
		}
	}
	return errTurns
}

// limited reports whether a write of the record needs to check for room.
func limited(record backends.Record) bool { return record.SubjectLimit > 0 && record.Subject != "" }

// file calls f with what is to carry out a write that may file record under its
// subject. If the record has a limit and the one under id does not have the
// subject yet, it first checks that there is room.
func (b *Backend) file(ctx context.Context, id string, record backends.Record, f func(doer) error) error {
	if !limited(record) {
		if b.invalid != nil {
			return b.invalid
		}
		if b.stmts == nil {
			return errNotMade
		}
		return f(alone{b})
	}
	return b.fileAtomically(ctx, id, record, func(tx transaction) error { return f(tx) })
}

// fileAtomically is file for a write that takes a transaction anyway.
func (b *Backend) fileAtomically(ctx context.Context, id string, record backends.Record, f func(transaction) error) error {
	return b.atomically(ctx, once, func(tx transaction) error {
		if limited(record) {
			if err := b.lock(ctx, tx, record.Subject); err != nil {
				return err
			}
			var others, own int
			v := values{id: key(id), subject: subjectKey(record.Subject)}
			if err := tx.row(ctx, b.sql().room, v, &others, &own); err != nil {
				return err
			}
			if own == 0 && others >= record.SubjectLimit {
				return backends.ErrSubjectLimit
			}
		}
		return f(tx)
	})
}

// TrimSubject implements [backends.SubjectIndex]. It takes one statement if
// there are no more than max records, and otherwise a transaction. A rotated
// record keeps its place, and is found under its new ID.
func (b *Backend) TrimSubject(ctx context.Context, subject string, max int, keep string) (removed []string, err error) {
	if max < 1 {
		return nil, errNoMax
	}
	if subject == "" {
		return nil, b.Describe().Err
	}
	v := values{id: keyOrNone(keep), subject: subjectKey(subject)}
	var n int
	if err := b.row(ctx, b.sql().count, v, &n); err != nil || n <= max {
		return nil, err
	}
	err = b.atomically(ctx, repeatable, func(tx transaction) error {
		removed = nil
		if err := b.lock(ctx, tx, subject); err != nil {
			return err
		}
		ids, err := b.surplus(ctx, tx, v, max)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := tx.change(ctx, b.sql().remove, values{id: id}); err != nil {
				return err
			}
			removed = append(removed, string(id))
		}
		return nil
	})
	if err != nil {
		return nil, err // nothing has changed, unless the answer to the commit was lost
	}
	return removed, nil
}

// surplus returns and locks the rows of a subject beyond the first max.
func (b *Backend) surplus(ctx context.Context, tx transaction, v values, max int) (ids [][]byte, err error) {
	prepared, err := tx.statement(ctx, b.sql().surplus)
	if err != nil {
		return nil, err
	}
	rows, err := prepared.QueryContext(ctx, b.sql().surplus.args(v)...)
	if err != nil {
		return nil, err
	}
	err = each(rows, func(rows scanner) error {
		var id []byte
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids[min(max, len(ids)):], err
}

// keyOrNone returns the key for id, or one that no row has for "".
func keyOrNone(id string) []byte {
	if id == "" {
		return []byte{0}
	}
	return key(id)
}
