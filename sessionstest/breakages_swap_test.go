package sessionstest_test

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/gosessions/sessions/backends"
)

var swapBreakages = []breakage{
	{"Swap forgets to store", "SwapReplaces SwapOneWins SwapTTL SwapRebinds LimitSwap LimitSwapTogether TrimPlace TrimReachesTheMoved", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if old == nil || new.Data == nil || new.TTL <= 0 {
				return b.Backend.Swap(ctx, id, old, new)
			}
			r, err := b.Backend.Read(ctx, id)
			if err != nil {
				return err
			}
			return b.Backend.Swap(ctx, id, old, r)
		}
	}},
	{"Swap compares the beginning", "SwapConflict", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			r, err := b.Backend.Read(ctx, id)
			if err == nil && old != nil && bytes.HasPrefix(r.Data, old[:30]) {
				old = r.Data
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"a conflict is an error of its own", "SwapConflict SwapCreatesOnly SwapRemoves SwapOneWins SwapOneCreates ConflictKeepsSubject", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			err := b.Backend.Swap(ctx, id, old, new)
			if errors.Is(err, backends.ErrConflict) {
				err = errOwn
			}
			return err
		}
	}},
	{"Swap of what was never there stores", "SwapAbsent", func(b *broken) {
		ids := known(b)
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if !ids.has(id) && old != nil && new.Data != nil {
				if _, err := b.Backend.Read(ctx, id); err != nil {
					old = nil
				}
			}
			ids.add(id)
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"Swap brings back what was removed", "SwapAbsent SwapAfterRemove", func(b *broken) {
		ids := removed(b)
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			pause()
			if ids.has(id) && old != nil && new.Data != nil {
				old = nil
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"Swap brings back what is removed between its two steps", "SwapAfterRemove", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			_, before := b.Backend.Read(ctx, id)
			pause()
			err := b.Backend.Swap(ctx, id, old, new)
			if before == nil && errors.Is(err, backends.ErrNotFound) {
				_, err = b.Backend.Write(ctx, id, new)
			}
			return err
		}
	}},
	{"Swap does not create", "SwapCreates SwapOneCreates SwapExpired SwapTTL SwapRebinds LimitSwap LimitSwapTogether RevokeReachesTheMoved TrimReachesTheMoved", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if _, err := b.Backend.Read(ctx, id); err != nil && old == nil && new.TTL > 0 {
				return err
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"creating the same again succeeds", "SwapCreatesOnly", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if r, err := b.Backend.Read(ctx, id); err == nil && old == nil && bytes.Equal(r.Data, new.Data) {
				return nil
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"creating what exists overwrites it", "SwapCreatesOnly SwapOneCreates", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if old == nil && new.TTL > 0 {
				_, err := b.Backend.Write(ctx, id, new)
				return err
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"removing does not compare", "SwapRemoves", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if r, err := b.Backend.Read(ctx, id); err == nil && new.Data == nil {
				old = r.Data
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"Swap is two steps", "SwapOneWins SwapAfterRemove", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			r, err := b.Backend.Read(ctx, id)
			if err != nil || old == nil || new.Data == nil || !bytes.Equal(old, r.Data) {
				return b.Backend.Swap(ctx, id, old, new)
			}
			pause()
			_, err = b.Backend.Write(ctx, id, new)
			return err
		}
	}},
	{"creating is two steps", "SwapOneCreates", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if _, err := b.Backend.Read(ctx, id); err == nil || old != nil {
				return b.Backend.Swap(ctx, id, old, new)
			}
			pause()
			_, err := b.Backend.Write(ctx, id, new)
			return err
		}
	}},
	{"an expired record is in the way", "SwapExpired", func(b *broken) {
		ids := known(b)
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if ids.has(id) && old == nil {
				return backends.ErrConflict
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"Swap keeps the TTL", "SwapTTL", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if r, err := b.Backend.Read(ctx, id); err == nil && new.TTL > 0 {
				new.TTL = r.TTL
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"Swap without a TTL means for ever", "SwapTTL", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if new.TTL <= 0 {
				new.TTL = 1e6 * time.Hour
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
}

var rotateBreakages = []breakage{
	{"Rotate leaves no tombstone", "Rotate RotateOneWins RotateTTL RevokeSparesOneID", func(b *broken) {
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			return b.Backend.Rotate(ctx, id, old, backends.Record{}, newID, new)
		}
	}},
	{"Rotate without a tombstone keeps the old record", "RotateRemoves", func(b *broken) {
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			if tombstone.Data == nil {
				_, err := b.Backend.Write(ctx, newID, new)
				return err
			}
			return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
		}
	}},
	{"Rotate does not compare", "RotateConflict RotateOneWins", func(b *broken) {
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			if r, err := b.Backend.Read(ctx, id); err == nil {
				old = r.Data
			}
			return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
		}
	}},
	{"Rotate overwrites what is taken", "RotateTaken", func(b *broken) {
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			b.Backend.Remove(ctx, newID)
			return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
		}
	}},
	{"Rotate of what is absent stores", "RotateAbsent", func(b *broken) {
		ids := known(b)
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			err := b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
			if !ids.has(id) && errors.Is(err, backends.ErrNotFound) {
				b.Backend.Write(ctx, newID, new)
			}
			ids.add(newID)
			return err
		}
	}},
	{"Rotate of what has expired stores", "RotateExpired RevokeReachesTheRotated TrimReachesTheRotated", func(b *broken) {
		ids := known(b)
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			err := b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
			if ids.has(id) && errors.Is(err, backends.ErrNotFound) {
				b.Backend.Write(ctx, newID, new)
			}
			return err
		}
	}},
	{"Rotate keeps no TTL", "RotateTTL", func(b *broken) {
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			if tombstone.TTL > 0 {
				tombstone.TTL = time.Hour
			}
			return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
		}
	}},
	{"Rotate refuses a bad TTL too late", "RotateTTL", func(b *broken) {
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			if tombstone.Data != nil && tombstone.TTL <= 0 {
				b.Backend.Write(ctx, newID, new)
			}
			return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
		}
	}},
	{"Rotate is two steps", "RotateOneWins", func(b *broken) {
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			r, err := b.Backend.Read(ctx, id)
			_, taken := b.Backend.Read(ctx, newID)
			if err != nil || taken == nil || new.Subject != "" || !bytes.Equal(r.Data, old) || tombstone.TTL <= 0 || new.TTL <= 0 {
				return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
			}
			pause()
			b.Backend.Write(ctx, newID, new)
			_, err = b.Backend.Write(ctx, id, tombstone)
			return err
		}
	}},
}
