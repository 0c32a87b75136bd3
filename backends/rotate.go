package backends

import (
	"context"
	"errors"
)

// Rotator is a [Backend] that retires one record and creates another in one
// atomic step.
type Rotator interface {
	Backend

	// Rotate replaces the record under id by tombstone if its data equals
	// old, and stores new under newID where nothing may be stored yet: both or
	// neither. If tombstone.Data is nil the record under id is removed.
	//
	// It returns ErrConflict if other data is stored under id, or any under
	// newID, and ErrNotFound if nothing is stored under id.
	Rotate(ctx context.Context, id string, old []byte, tombstone Record, newID string, new Record) error
}

// Rotate calls b.Rotate if b is a [Rotator]; otherwise it returns
// [errors.ErrUnsupported], and the middleware takes two steps.
func Rotate(ctx context.Context, b Backend, id string, old []byte, tombstone Record, newID string, new Record) error {
	switch b := b.(type) {
	case *intercepted:
		return b.do(ctx, OpRotate, func(ctx context.Context) error {
			return Rotate(ctx, b.inner, id, old, tombstone, newID, new)
		})
	case Rotator:
		return b.Rotate(ctx, id, old, tombstone, newID, new)
	}
	return errors.ErrUnsupported
}
