package backends

import (
	"context"
	"errors"
)

// Rotator is a [Backend] that retires one record and creates another in one
// atomic step. The retired record leaves a tombstone under its ID: a
// short-lived record that the middleware recognizes.
type Rotator interface {
	Backend

	// Rotate replaces the record under id with tombstone if its data equals
	// old, and stores new under newID, which must be free: both or neither. If
	// tombstone.Data is nil, Rotate removes the record under id.
	//
	// It returns ErrConflict if other data is stored under id or any record
	// under newID, and ErrNotFound if no record is stored under id.
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
