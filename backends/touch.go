package backends

import (
	"context"
	"time"
)

// Toucher is a [Backend] that extends a record's life without rewriting it.
type Toucher interface {
	Backend

	// Touch makes the record under id live for ttl from now and returns the ID
	// under which it can be read again, which differs from id only if the
	// backend is stateless. It returns ErrNotFound if no record is stored. A
	// ttl of 0 or less is an error.
	Touch(ctx context.Context, id string, ttl time.Duration) (string, error)
}

// Touch calls b.Touch if b is a [Toucher]. Otherwise it reads the record and
// writes it back: with a Swap if b is a [Swapper], or else with a Write, which
// may overwrite a concurrent change.
func Touch(ctx context.Context, b Backend, id string, ttl time.Duration) (newID string, err error) {
	switch b := b.(type) {
	case *intercepted:
		if !has[Toucher](b) {
			break
		}
		err = b.do(ctx, OpTouch, func(ctx context.Context) error {
			newID, err = Touch(ctx, b.inner, id, ttl)
			return err
		})
		return newID, err
	case Toucher:
		return b.Touch(ctx, id, ttl)
	}
	record, err := b.Read(ctx, id)
	if err != nil {
		return "", err
	}
	old := record.Data
	record.TTL = ttl
	if has[Swapper](b) {
		return id, Swap(ctx, b, id, old, record)
	}
	return b.Write(ctx, id, record)
}
