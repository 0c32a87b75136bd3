package memory

import (
	"context"
	"time"

	"github.com/gosessions/sessions/backends"
)

// lockBoth locks the shards of two IDs, which may be one and the same; always in
// the same order, so that two calls cannot wait for each other.
func (b *Backend) lockBoth(id1, id2 string) (*shard, *shard) {
	i, j := b.index(id1), b.index(id2)
	b.shards[min(i, j)].mu.Lock()
	if i != j {
		b.shards[max(i, j)].mu.Lock()
	}
	return &b.shards[i], &b.shards[j]
}

func unlockBoth(s, t *shard) {
	s.mu.Unlock()
	if t != s {
		t.mu.Unlock()
	}
}

// lockAll locks all shards, in that same order. Nothing changes then but by the
// caller. It takes a few microseconds, which are everybody's: it is for the rare
// decision that concerns all records of a subject at one moment.
func (b *Backend) lockAll() {
	for i := range b.shards {
		b.shards[i].mu.Lock()
	}
}

func (b *Backend) unlockAll() {
	for i := range b.shards {
		b.shards[i].mu.Unlock()
	}
}

// change runs do with the shards of two IDs locked, which may be one and the same,
// and returns what do returns. Where do finds b full it is run again for as long
// as room can be made, but never by removing the record under id. Where do finds
// that subject has too many, the expired ones may be among them: they are removed,
// and do is run again while nothing else changes.
func (b *Backend) change(ctx context.Context, id, newID, subject string, do func(s, t *shard, now time.Duration) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return backends.NotApplied(err)
		}
		s, t := b.lockBoth(id, newID)
		err := do(s, t, b.now())
		unlockBoth(s, t)
		if err == backends.ErrSubjectLimit {
			b.lockAll()
			now := b.now()
			b.bury(subject, now)
			err = do(s, t, now)
			b.unlockAll()
		}
		if err != ErrFull || !b.makeRoom(id) {
			return err
		}
	}
}
