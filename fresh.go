package sessions

import "context"

// FreshReader is a [Backend] whose Read may be served by a cache.
type FreshReader interface {
	Backend

	// ReadFresh is Read past every cache.
	ReadFresh(ctx context.Context, id string) (Record, error)
}

// ReadFresh calls the method of that name, and Read without it.
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
