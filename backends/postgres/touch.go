package postgres

import (
	"context"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Touch makes the record under id live for ttl from now, without rewriting its
// data and without waiting for the server's disk: a crash of the server within
// the next second may undo it.
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
