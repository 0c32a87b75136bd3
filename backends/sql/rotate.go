package sql

import (
	"context"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Rotate implements [backends.Rotator] with one transaction.
func (b *Backend) Rotate(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, record backends.Record) error {
	leaves := tombstone.Data != nil
	if !leaves {
		tombstone = backends.Record{Data: old, TTL: time.Minute} // removed before anyone sees it
	}
	if err := b.check(record, tombstone); err != nil {
		return err
	}
	if id == newID {
		return backends.ErrConflict
	}
	away, in := of(tombstone), of(record)
	away.id, away.old, away.filing = key(id), old, in.subject
	in.id = key(newID)
	err := b.fileAtomically(ctx, id, record, func(tx transaction) error {
		if err := b.swap(ctx, tx, b.sql().entomb, away); err != nil {
			return err
		}
		if in.subject != nil {
			if err := tx.row(ctx, b.sql().filed, away, &in.filed); err != nil {
				return err
			}
		}
		if !leaves {
			if _, err := tx.change(ctx, b.sql().remove, away); err != nil {
				return err
			}
		}
		return b.create(ctx, tx, in)
	})
	if err != backends.ErrConflict {
		return err
	}
	found, err := b.Exists(ctx, id)
	switch {
	case err != nil:
		return backends.NotApplied(err)
	case !found:
		return backends.ErrNotFound
	}
	return backends.ErrConflict
}
