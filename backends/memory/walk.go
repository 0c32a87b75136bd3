package memory

import (
	"context"
	"slices"

	"github.com/gosessions/sessions/backends"
)

// Walk implements [backends.Walker]. It holds no lock while visit runs, so
// visit may use b.
func (b *Backend) Walk(ctx context.Context, visit func(backends.Entry) error) error {
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.RLock()
		queue := slices.Clone(s.queue) // copying pointers takes microseconds
		s.mu.RUnlock()
		for _, d := range queue {
			if err := ctx.Err(); err != nil {
				return err
			}
			stored, ok := b.look(s, d.entry)
			if !ok {
				continue
			}
			if err := visit(stored); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// look returns the record in e and reports whether e is still stored and alive.
func (b *Backend) look(s *shard, e *entry) (backends.Entry, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := b.now()
	if e.place == removed || e.expires <= now {
		return backends.Entry{}, false
	}
	return backends.Entry{ID: e.id, Record: e.record(now)}, true
}
