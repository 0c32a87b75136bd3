package backends

import (
	"context"
	"errors"
)

// Walker is a [Backend] that can enumerate its records, for operators and for
// moving to another backend.
type Walker interface {
	Backend

	// Walk calls visit for every live record until visit returns an error,
	// which Walk then returns. Records that are stored or removed meanwhile may
	// or may not be visited, and a record may be visited twice.
	Walk(ctx context.Context, visit func(Entry) error) error
}

// Walk calls b.Walk if b is a [Walker]; otherwise it returns
// [errors.ErrUnsupported].
func Walk(ctx context.Context, b Backend, visit func(Entry) error) error {
	switch b := b.(type) {
	case *intercepted:
		return b.do(ctx, OpWalk, func(ctx context.Context) error { return Walk(ctx, b.inner, visit) })
	case Walker:
		return b.Walk(ctx, visit)
	}
	return errors.ErrUnsupported
}
