package memory

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Swap implements [backends.Swapper].
func (b *Backend) Swap(ctx context.Context, id string, old []byte, new backends.Record) error {
	if new.Data != nil {
		if err := check(new); err != nil {
			return err
		}
	} else if old == nil {
		return backends.NotApplied(errors.New("memory: Swap of nothing for nothing"))
	}
	return b.change(ctx, id, id, new.Subject, func(s, _ *shard, now time.Duration) error {
		e, err := s.expect(id, old, now)
		if err != nil {
			return err
		}
		if new.Data == nil {
			b.drop(s, e)
			return nil
		}
		return b.put(s, id, new, now)
	})
}

// Touch implements [backends.Toucher].
func (b *Backend) Touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if ttl <= 0 {
		return "", errNoTTL
	}
	s := b.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := b.now()
	e := s.live(id, now)
	if e == nil {
		return "", backends.ErrNotFound
	}
	s.move(e, after(now, ttl))
	return id, nil
}

// Rotate implements [backends.Rotator].
func (b *Backend) Rotate(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
	if err := check(new); err != nil {
		return err
	}
	if tombstone.Data != nil {
		if err := check(tombstone); err != nil {
			return err
		}
	}
	if old == nil {
		return backends.NotApplied(errors.New("memory: Rotate needs the data to retire"))
	}
	tombstone.SubjectLimit = 0
	return b.change(ctx, id, newID, new.Subject, func(s, t *shard, now time.Duration) error {
		e, err := s.expect(id, old, now)
		if err != nil {
			return err
		}
		if taken := t.entries[newID]; taken != nil {
			if taken.expires > now {
				return backends.ErrConflict
			}
			b.drop(t, taken)
		}
		return b.replace(s, e, tombstone, t, newID, new, now)
	})
}

// expect returns the live entry under id if its data is old. If old is nil
// there must be no such entry.
func (s *shard) expect(id string, old []byte, now time.Duration) (*entry, error) {
	e := s.live(id, now)
	switch {
	case old == nil && e == nil:
		return nil, nil
	case e == nil:
		return nil, backends.ErrNotFound
	case old == nil || !bytes.Equal(e.data, old):
		return nil, backends.ErrConflict
	}
	return e, nil
}
