package postgres

import (
	"context"

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
	after := firstKey
	for {
		page, err := b.stored(ctx, b.scanStored, b.sql.walk, after, walkPage)
		if err != nil {
			return err
		}
		for _, s := range page {
			if err := visit(s); err != nil {
				return err
			}
		}
		if len(page) < walkPage {
			return nil
		}
		after = []byte(page[len(page)-1].ID)
	}
}
