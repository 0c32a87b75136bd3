package memory

import (
	"context"
	"time"

	"github.com/gosessions/sessions/backends"
)

// lockBoth locks the shards of two IDs, which may be the same shard. It always
// locks in the same order, so that two calls cannot wait for each other.
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

// lockAll locks all shards, in the same order as lockBoth, so that only the
// caller can change anything. It holds up every other call for a few
// microseconds: use it only for the rare decision that concerns all records of
// a subject at one moment.
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

// change runs do with the shards of two IDs locked, which may be the same
// shard, and returns its result. If do returns ErrFull, change runs it again
// for as long as it can make room, but never by removing the record under id.
// If do returns ErrSubjectLimit, expired records may have counted: change
// removes them and runs do again with all shards locked.
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
