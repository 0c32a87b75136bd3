package backends

import "context"

// FreshReader is a [Backend] whose Read may be answered by a cache.
type FreshReader interface {
	Backend

	// ReadFresh is like Read but bypasses every cache.
	ReadFresh(ctx context.Context, id string) (Record, error)
}

// ReadFresh calls b.ReadFresh if b is a [FreshReader], and b.Read otherwise.
func ReadFresh(ctx context.Context, b Backend, id string) (record Record, err error) {
	switch b := b.(type) {
	case *intercepted:
		err = b.do(ctx, OpRead, func(ctx context.Context) error {
			record, err = ReadFresh(ctx, b.inner, id)
			return err
		})
		return record, err
	case FreshReader:
		return b.ReadFresh(ctx, id)
	}
	return b.Read(ctx, id)
}
