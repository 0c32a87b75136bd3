package memory

import (
	"context"
	"math"
	"runtime"
	"time"
	"weak"
)

const (
	perWrite = 2  // expired entries that a write removes: more than the one that it adds
	perBatch = 16 // expired entries that a sweep removes before it releases the lock

	// The background sweep is for times without writes. Its interval doubles
	// whenever it had nothing to do.
	sweepSoon = 5 * time.Minute
	sweepLate = 6 * time.Hour
)

// expire removes up to limit expired entries from s, which is locked, and
// returns how many it removed.
func (b *Backend) expire(s *shard, now time.Duration, limit int) int {
	n := 0
	for n < limit && len(s.queue) > 0 && s.queue[0].at <= now {
		b.drop(s, s.queue[0].entry)
		n++
	}
	return n
}

// Sweep implements [backends.Sweeper]. There is no need to call it: b sweeps in
// the background every few minutes while it holds records.
func (b *Backend) Sweep(ctx context.Context) (int, error) {
	n := 0
	for i := range b.shards {
		s := &b.shards[i]
		for batch := perBatch; batch == perBatch; {
			if err := ctx.Err(); err != nil {
				return n, err
			}
			s.mu.Lock()
			batch = b.expire(s, b.now(), perBatch)
			s.mu.Unlock()
			n += batch
			if batch == perBatch {
				runtime.Gosched() // let calls that wait for the lock go first
			}
		}
	}
	return n, nil
}

// arm schedules a background sweep if anything is stored.
//
// No goroutine runs between two sweeps, and the timer does not keep b alive. So
// a backend that is dropped without [Backend.Close] costs nothing, and one that
// was made in a synctest bubble does not keep the bubble from ending. Close
// does not stop the timer, because the timer may belong to a bubble that is
// over.
func (b *Backend) arm() {
	if b.armed.Load() || b.life.Err() != nil || !b.armed.CompareAndSwap(false, true) {
		return
	}
	pointer := weak.Make(b)
	time.AfterFunc(time.Duration(b.pause.Load()), func() {
		if b := pointer.Value(); b != nil {
			b.background()
		}
	})
}

// background runs one sweep and arms the next.
func (b *Backend) background() {
	b.sweeping.Lock()
	defer b.sweeping.Unlock()
	if n, _ := b.Sweep(b.life); n > 0 {
		b.pause.Store(int64(sweepSoon))
	} else {
		b.pause.Store(min(2*b.pause.Load(), int64(sweepLate)))
	}
	b.armed.Store(false)
	if b.stored.Load() > 0 {
		b.arm()
	}
}

// Close ends the background sweeps and waits for one that is running. The
// backend stays usable, and writes continue to remove expired records. Close
// never fails, and may be called more than once.
func (b *Backend) Close() error {
	b.end()
	b.sweeping.Lock()
	defer b.sweeping.Unlock()
	return nil
}

// reserve counts one more stored record and reports whether there was room for
// it.
func (b *Backend) reserve() bool {
	most := int64(b.options.MaxSessions)
	for {
		n := b.stored.Load()
		if most > 0 && n >= most {
			return false
		}
		if b.stored.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// makeRoom removes expired records or, if Options.Evict is set, the record that
// expires soonest, but never the one under spared. It reports whether the
// caller should try again.
func (b *Backend) makeRoom(spared string) bool {
	var soonest *shard
	first := time.Duration(math.MaxInt64)
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.RLock()
		if e := s.soonest(spared, b.now()); e != nil && e.expires <= first {
			soonest, first = s, e.expires
		}
		s.mu.RUnlock()
	}
	if s := soonest; s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if b.expire(s, b.now(), perBatch) > 0 {
			return true
		}
		if e := s.soonest(spared, b.now()); b.options.Evict {
			if e != nil {
				b.drop(s, e)
			}
			return true
		}
	}
	return b.stored.Load() < int64(b.options.MaxSessions) // another call removed one
}

// soonest returns the entry that expires first, or nil if there is none. The
// one under spared counts only if it has expired.
func (s *shard) soonest(spared string, now time.Duration) *entry {
	if len(s.queue) == 0 {
		return nil
	}
	e := s.queue[0].entry
	if e.id != spared || e.expires <= now {
		return e
	}
	e = nil
	for _, d := range s.queue[1:min(len(s.queue), 1+children)] {
		if e == nil || d.at < e.expires {
			e = d.entry
		}
	}
	return e
}
