package sql

import (
	"context"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Touch implements [backends.Toucher]. It does not rewrite the data.
func (b *Backend) Touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	if ttl <= 0 {
		return "", errTTL
	}
	s := b.sql().touch
	changed, err := b.exec(ctx, s, values{id: key(id), ttl: ttl})
	if err == nil && changed == 0 {
		err = backends.ErrNotFound
	}
	if err != nil {
		return "", err
	}
	return id, nil
}
