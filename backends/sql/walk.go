package sql

import (
	"context"
	"time"

	"github.com/gosessions/sessions/backends"
)

// walkPage is how many records Walk holds at a time.
const walkPage = 100

// firstKey is less than the key of every session and greater than the reserved
// keys.
var firstKey = []byte{' '}

// Walk implements [backends.Walker]. It visits the records in the order of
// their IDs and holds up to 100 of them in memory. While visit runs it holds
// neither a connection nor a transaction.
func (b *Backend) Walk(ctx context.Context, visit func(backends.Entry) error) error {
	s := b.sql().walk
	after := firstKey
	for {
		var page []backends.Entry
		err := b.rows(ctx, s, values{id: after, limit: walkPage}, func() { page = nil }, func(rows scanner) error {
			var id, subject []byte
			var left int64
			var record backends.Record
			err := rows.Scan(&id, &record.Data, &subject, &left)
			record.Subject, record.TTL = string(subject), time.Duration(left)*time.Microsecond
			page = append(page, backends.Entry{ID: string(id), Record: record})
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := visit(e); err != nil {
				return err
			}
		}
		if len(page) < walkPage {
			return nil
		}
		after = []byte(page[len(page)-1].ID)
	}
}
