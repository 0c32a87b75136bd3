package sessionstest_test

import (
	"context"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// broken is a backend in memory of which any operation can be replaced.
type broken struct {
	*memory.Backend
	read   func(ctx context.Context, id string) (backends.Record, error)
	write  func(ctx context.Context, id string, r backends.Record) (string, error)
	remove func(ctx context.Context, id string) error
	exists func(ctx context.Context, id string) (bool, error)
	swap   func(ctx context.Context, id string, old []byte, new backends.Record) error
	touch  func(ctx context.Context, id string, ttl time.Duration) (string, error)
	rotate func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error
	list   func(ctx context.Context, subject string) ([]backends.Entry, error)
	revoke func(ctx context.Context, subject, except string) (int, error)
	trim   func(ctx context.Context, subject string, max int, keep string) ([]string, error)
	sweep  func(ctx context.Context) (int, error)
	walk   func(ctx context.Context, visit func(backends.Entry) error) error
	max    int // what Describe says
}

func (b *broken) Describe() backends.Facts {
	facts := b.Backend.Describe()
	facts.MaxSize = b.max
	return facts
}

func newBroken() *broken {
	b := memory.New(nil)
	b.Close() // no rule depends on sweeps in the background
	return &broken{Backend: b}
}

func (b *broken) Read(ctx context.Context, id string) (backends.Record, error) {
	if b.read != nil {
		return b.read(ctx, id)
	}
	return b.Backend.Read(ctx, id)
}

func (b *broken) Write(ctx context.Context, id string, r backends.Record) (string, error) {
	if b.write != nil {
		return b.write(ctx, id, r)
	}
	return b.Backend.Write(ctx, id, r)
}

func (b *broken) Remove(ctx context.Context, id string) error {
	if b.remove != nil {
		return b.remove(ctx, id)
	}
	return b.Backend.Remove(ctx, id)
}

func (b *broken) Exists(ctx context.Context, id string) (bool, error) {
	if b.exists != nil {
		return b.exists(ctx, id)
	}
	return b.Backend.Exists(ctx, id)
}

func (b *broken) Swap(ctx context.Context, id string, old []byte, new backends.Record) error {
	if b.swap != nil {
		return b.swap(ctx, id, old, new)
	}
	return b.Backend.Swap(ctx, id, old, new)
}

func (b *broken) Touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	if b.touch != nil {
		return b.touch(ctx, id, ttl)
	}
	return b.Backend.Touch(ctx, id, ttl)
}

func (b *broken) Rotate(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
	if b.rotate != nil {
		return b.rotate(ctx, id, old, tombstone, newID, new)
	}
	return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
}

func (b *broken) ListSubject(ctx context.Context, subject string) ([]backends.Entry, error) {
	if b.list != nil {
		return b.list(ctx, subject)
	}
	return b.Backend.ListSubject(ctx, subject)
}

func (b *broken) RevokeSubject(ctx context.Context, subject, except string) (int, error) {
	if b.revoke != nil {
		return b.revoke(ctx, subject, except)
	}
	return b.Backend.RevokeSubject(ctx, subject, except)
}

func (b *broken) TrimSubject(ctx context.Context, subject string, max int, keep string) ([]string, error) {
	if b.trim != nil {
		return b.trim(ctx, subject, max, keep)
	}
	return b.Backend.TrimSubject(ctx, subject, max, keep)
}

func (b *broken) Sweep(ctx context.Context) (int, error) {
	if b.sweep != nil {
		return b.sweep(ctx)
	}
	return b.Backend.Sweep(ctx)
}

func (b *broken) Walk(ctx context.Context, visit func(backends.Entry) error) error {
	if b.walk != nil {
		return b.walk(ctx, visit)
	}
	return b.Backend.Walk(ctx, visit)
}
