package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

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
		err := row.Scan(&id, &record.Data, &record.TTL)
		return backends.Entry{ID: string(id), Record: record}, err
	}, b.sql.list, subjectKey(subject))
}

// RevokeSubject removes every record of subject but the one under the ID
// except. A session that changes its ID at the same moment is removed too.
func (b *Backend) RevokeSubject(ctx context.Context, subject, except string) (int, error) {
	if subject == "" {
		return 0, b.invalid
	}
	keep := []byte{}
	if except != "" {
		keep = key(except)
	}
	total := 0
	for {
		var revoked, escaped int
		err := b.row(ctx, b.sql.revoke, []any{subjectKey(subject), keep}, &revoked, &escaped)
		if err != nil {
			return total, err
		}
		total += revoked
		// A row that was there and was not deleted has been changed by another
		// transaction. If that was a rotation, its new row is younger than
		// what the statement could see, but old enough for the next one.
		if escaped == 0 {
			return total, nil
		}
	}
}

func scanStored(row pgx.CollectableRow) (backends.Entry, error) {
	var id, data, subject []byte
	var ttl time.Duration
	err := row.Scan(&id, &data, &subject, &ttl)
	return backends.Entry{ID: string(id), Record: backends.Record{Data: data, TTL: ttl, Subject: string(subject)}}, err
}
