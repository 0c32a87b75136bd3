package postgres

import (
	"context"
	"errors"
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

// maxLooks bounds how often a call repeats its statement because records change
// their IDs at the same moment.
const maxLooks = 100

var errRestless = errors.New("postgres: the subject's records change faster than they can be followed: try again")

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
	total := 0
	for range maxLooks {
		var revoked, escaped int
		args := []any{subjectKey(subject), keep}
		err := b.row(ctx, b.sql.revoke, args, &revoked, &escaped)
		if outrun(err) {
			// At that isolation level one row that changes fails the whole
			// statement, each time. Read committed takes the others.
			err = b.do(ctx, repeatable, func(conn *pgxpool.Conn) error {
				return pgx.BeginTxFunc(ctx, conn, readCommitted, func(tx pgx.Tx) error {
					return tx.QueryRow(ctx, b.sql.revoke, b.args(args)...).Scan(&revoked, &escaped)
				})
			})
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
	return total, errRestless
}

func (b *Backend) scanStored(row pgx.CollectableRow) (backends.Entry, error) {
	var id, data, subject []byte
	var ttl time.Duration
	err := row.Scan(b.sql.bytes(&id), b.sql.bytes(&data), b.sql.bytes(&subject), &ttl)
	return backends.Entry{ID: string(id), Record: backends.Record{Data: data, TTL: ttl, Subject: string(subject)}}, err
}
