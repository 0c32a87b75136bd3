package sql

import (
	"context"

	"github.com/gosessions/sessions/backends"
)

// Swap implements [backends.Swapper] with one statement. If the statement finds
// nothing to change, Swap returns [backends.ErrConflict], even if the record is
// gone: telling the two apart would take another statement, and the caller reads
// the record again in either case.
func (b *Backend) Swap(ctx context.Context, id string, old []byte, record backends.Record) error {
	v := of(record)
	v.id, v.old = key(id), old
	switch {
	case old == nil && record.Data == nil:
		found, err := b.Exists(ctx, id)
		if err == nil && found {
			err = backends.ErrConflict
		}
		return err
	case record.Data == nil:
		return b.swap(ctx, alone{b}, b.sql().cut, v)
	}
	if err := b.check(record); err != nil {
		return err
	}
	return b.file(ctx, id, record, func(do doer) error {
		if old == nil {
			return b.create(ctx, do, v)
		}
		return b.swap(ctx, do, b.sql().swap, v)
	})
}

func (b *Backend) swap(ctx context.Context, do doer, s *statement, v values) error {
	n, err := do.change(ctx, s, v)
	if err == nil && n == 0 {
		err = backends.ErrConflict
	}
	return err
}

// create stores a new row, if there is none under its ID that is alive.
func (b *Backend) create(ctx context.Context, do doer, v values) error {
	for range maxTurns {
		n, err := do.change(ctx, b.sql().create, v)
		if err != nil || n == 1 {
			return err
		}
		// There is a row. If it has expired, it only is in the way.
		if n, err = do.change(ctx, b.sql().clear, v); err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if _, inside := do.(transaction); inside {
			return backends.ErrConflict // the row is locked, and alive
		}
		var found int
		if err := b.row(ctx, b.sql().exists, v, &found); err != nil {
			return backends.NotApplied(err)
		}
		if found > 0 {
			return backends.ErrConflict
		}
	}
	return errTurns
}
