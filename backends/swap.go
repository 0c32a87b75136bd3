package backends

import (
	"context"
	"errors"
)

// Swapper is a [Backend] that replaces a record only if it is still the one
// that the caller read. It is the ability behind "no lost update" and "logout
// is final".
type Swapper interface {
	Backend

	// Swap stores new under id if the data stored there equals old, in one
	// atomic step. If old is nil, it stores new only if there is no record
	// (create); if new.Data is nil, it removes the record.
	//
	// It returns ErrConflict if other data is stored, and ErrNotFound if old is
	// not nil and no record is stored; a backend that cannot distinguish the
	// two returns ErrConflict. Any other error leaves the outcome unknown. The
	// store's client library must therefore not retry a Swap by itself: the
	// retry would fail on the first try's success.
	Swap(ctx context.Context, id string, old []byte, new Record) error
}

// Swap calls b.Swap if b is a [Swapper]; otherwise it returns
// [errors.ErrUnsupported], because the four methods of a Backend cannot do this
// atomically.
func Swap(ctx context.Context, b Backend, id string, old []byte, new Record) error {
	switch b := b.(type) {
	case *intercepted:
		return b.do(ctx, OpSwap, func(ctx context.Context) error { return Swap(ctx, b.inner, id, old, new) })
	case Swapper:
		return b.Swap(ctx, id, old, new)
	}
	return errors.ErrUnsupported
}
