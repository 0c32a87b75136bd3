package sql

import (
	"context"
	"time"

	"github.com/gosessions/sessions/backends"
)

// ListSubject returns the live records of subject.
func (b *Backend) ListSubject(ctx context.Context, subject string) (list []backends.Entry, err error) {
	if subject == "" {
		return nil, b.Describe().Err
	}
	s := b.sql().list
	err = b.rows(ctx, s, values{subject: subjectKey(subject)}, func() { list = nil }, func(rows scanner) error {
		var id []byte
		var left int64
		record := backends.Record{Subject: subject}
		err := rows.Scan(&id, &record.Data, &left)
		record.TTL = time.Duration(left) * time.Microsecond
		list = append(list, backends.Entry{ID: string(id), Record: record})
		return err
	})
	return list, err
}

// RevokeSubject implements [backends.SubjectIndex]. It also removes a session
// that changes its ID at the same moment: the change either waits for
// RevokeSubject or comes first.
func (b *Backend) RevokeSubject(ctx context.Context, subject, except string) (int, error) {
	if subject == "" {
		return 0, b.Describe().Err
	}
	v := values{subject: subjectKey(subject), id: keyOrNone(except)}
	var n int64
	err := b.atomically(ctx, repeatable, func(tx transaction) (err error) {
		n, err = tx.change(ctx, b.sql().revoke, v)
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}
