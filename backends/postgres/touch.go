package postgres

import (
	"context"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Touch implements [backends.Toucher]. It does not rewrite the data and does
// not wait for the server's disk, so a crash of the server within the next
// second may undo it.
func (b *Backend) Touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	if ttl <= 0 {
		return "", errTTL
	}
	changed, err := b.exec(ctx, b.sql.touch, key(id), ttl)
	if err == nil && changed == 0 {
		err = backends.ErrNotFound
	}
	if err != nil {
		return "", err
	}
	return id, nil
}
