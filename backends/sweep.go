package backends

import (
	"context"
	"errors"
)

// Sweeper is a [Backend] that deletes expired records on request. Read reports
// an expired record as absent whether or not it was swept.
type Sweeper interface {
	Backend

	// Sweep deletes the expired records, in batches of bounded size, and
	// returns how many it deleted. Several instances may sweep at once.
	Sweep(ctx context.Context) (int, error)
}

// Sweep calls b.Sweep if b is a [Sweeper]; otherwise it returns
// [errors.ErrUnsupported].
func Sweep(ctx context.Context, b Backend) (n int, err error) {
	switch b := b.(type) {
	case *intercepted:
		err = b.do(ctx, OpSweep, func(ctx context.Context) error {
			n, err = Sweep(ctx, b.inner)
			return err
		})
		return n, err
	case Sweeper:
		return b.Sweep(ctx)
	}
	return 0, errors.ErrUnsupported
}
