package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions/backends"
)

// ListSubject returns the live records of subject.
func (b *Backend) ListSubject(ctx context.Context, subject string) ([]backends.Entry, error) {
	if subject == "" {
		return nil, b.invalid
	}
	return b.stored(ctx, func(row pgx.CollectableRow) (backends.Entry, error) {
		var id []byte
		record := backends.Record{Subject: subject}
		err := row.Scan(b.sql.bytes(&id), b.sql.bytes(&record.Data), &record.TTL)
		return backends.Entry{ID: string(id), Record: record}, err
	}, b.sql.list, subjectKey(subject))
}

// patience is how often records are looked at again that change their IDs at the
// same moment. A client that does nothing else is faster every time, so that then
// the table is locked against writing, for the time of one statement.
const patience = 10

// RevokeSubject implements [backends.SubjectIndex]. It also removes a session
// that changes its ID at the same moment.
func (b *Backend) RevokeSubject(ctx context.Context, subject, except string) (int, error) {
	if subject == "" {
		return 0, b.invalid
	}
	keep := []byte{}
	if except != "" {
		keep = key(except)
	}
	args := []any{subjectKey(subject), keep}
	total := 0
	for range patience {
		var revoked, escaped int
		err := b.row(ctx, b.sql.revoke, args, &revoked, &escaped)
		if outrun(err) {
			break // at that isolation level one row that changes fails the whole statement
		}
		if err != nil {
			return total, err
		}
		total += revoked
		// A row that existed and was not deleted was changed by another
		// transaction. If that was a rotation, the new row is too young for
		// this statement to see, but the next one will see it.
		if escaped == 0 {
			return total, nil
		}
	}
	var revoked, escaped int
	err := b.do(ctx, repeatable, func(conn *pgxpool.Conn) error {
		return pgx.BeginTxFunc(ctx, conn, readCommitted, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, b.sql.stop, b.args(nil)...); err != nil {
				return err
			}
			return tx.QueryRow(ctx, b.sql.revoke, b.args(args)...).Scan(&revoked, &escaped)
		})
	})
	return total + revoked, err
}

func (b *Backend) scanStored(row pgx.CollectableRow) (backends.Entry, error) {
	var id, data, subject []byte
	var ttl time.Duration
	err := row.Scan(b.sql.bytes(&id), b.sql.bytes(&data), b.sql.bytes(&subject), &ttl)
	return backends.Entry{ID: string(id), Record: backends.Record{Data: data, TTL: ttl, Subject: string(subject)}}, err
}
