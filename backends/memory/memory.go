// Package memory keeps sessions in the memory of this process: for one
// instance, for development, and for tests. It is also the reference for what a
// backend does, and has every ability that a server-side backend can have.
//
// Records are spread over shards with a lock each, so that sessions disturb one
// another as little as possible. Each shard knows its records by ID and in the
// order in which they expire, which makes removing an expired one cheap: nothing
// ever looks through all records while it holds a lock. Expired records are
// removed a few at a time by the writes that follow, and by a sweep every few
// minutes that holds a shard's lock for microseconds at a time.
package memory

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosessions/sessions/backends"
)

// ErrFull reports a record that was refused because [Options.MaxSessions] are
// stored and none of them has expired.
var ErrFull = errors.New("memory: as many sessions are stored as MaxSessions allows")

// What no caller may write.
var (
	errNoData = errors.New("memory: a record needs data")
	errNoTTL  = errors.New("memory: a record needs a TTL of more than 0")
)

// Options configure a [Backend]. The zero value is good.
type Options struct {
	// MaxSessions bounds how many records are kept; 0 is no bound. When it is
	// reached a new record is refused with [ErrFull], and the sessions that
	// exist go on: a flood of new sessions cannot push them out.
	MaxSessions int

	// Evict makes room instead of refusing: the record that expires soonest
	// gives way to the new one. Its owner has lost that session.
	Evict bool
}

// Backend is a [backends.Backend] in memory. It must be made with [New], and is
// safe for concurrent use. Records do not survive the process.
//
// Its clock is the monotonic one, so that setting the machine's time moves no
// expiry; it honours testing/synctest.
type Backend struct {
	shards   [shards]shard     // by ID
	subjects [shards]directory // by subject
	stored   atomic.Int64      // records in all shards, expired ones included

	options Options
	start   time.Time // what expiry is counted from
	seed    maphash.Seed

	armed    atomic.Bool        // a background sweep will come
	pause    atomic.Int64       // the time before it
	sweeping sync.Mutex         // held by the background sweep
	life     context.Context    // ends with Close
	end      context.CancelFunc // of life
}

const shards = 64

// All that a Backend can do.
var (
	_ backends.Swapper      = (*Backend)(nil)
	_ backends.Toucher      = (*Backend)(nil)
	_ backends.Rotator      = (*Backend)(nil)
	_ backends.SubjectIndex = (*Backend)(nil)
	_ backends.Sweeper      = (*Backend)(nil)
	_ backends.Walker       = (*Backend)(nil)
	_ backends.Describer    = (*Backend)(nil)
)

// New returns an empty backend. Options may be nil; what is wrong with them is
// returned by the constructor of the middleware.
func New(options *Options) *Backend {
	b := &Backend{start: time.Now(), seed: maphash.MakeSeed()}
	for i := range b.subjects {
		b.subjects[i].number = i
	}
	b.pause.Store(int64(sweepSoon))
	b.life, b.end = context.WithCancel(context.Background())
	if options != nil {
		b.options = *options
	}
	return b
}

// Describe implements [backends.Describer].
func (b *Backend) Describe() backends.Facts {
	return backends.Facts{Err: b.options.validate(), Local: true}
}

// validate returns what is wrong with the options.
func (o *Options) validate() error {
	switch {
	case o.MaxSessions < 0:
		return fmt.Errorf("memory: Options.MaxSessions is %d: use 0 for no bound", o.MaxSessions)
	case o.Evict && o.MaxSessions == 0:
		return errors.New("memory: Options.Evict without Options.MaxSessions has no effect: set both or neither")
	}
	return nil
}

// Len returns how many records are held, those included that have expired and
// are not yet removed.
func (b *Backend) Len() int { return int(b.stored.Load()) }

// Read implements [backends.Backend].
func (b *Backend) Read(ctx context.Context, id string) (backends.Record, error) {
	if err := ctx.Err(); err != nil {
		return backends.Record{}, err
	}
	s := b.shard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := b.now()
	e := s.live(id, now)
	if e == nil {
		return backends.Record{}, backends.ErrNotFound
	}
	return e.record(now), nil
}

// Write implements [backends.Backend].
func (b *Backend) Write(ctx context.Context, id string, record backends.Record) (string, error) {
	if err := check(record); err != nil {
		return "", err
	}
	return id, b.change(ctx, id, id, record.Subject, func(s, _ *shard, now time.Duration) error {
		return b.put(s, id, record, now)
	})
}

// Remove implements [backends.Backend].
func (b *Backend) Remove(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := b.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[id]; e != nil {
		b.drop(s, e)
	}
	return nil
}

// Exists implements [backends.Backend].
func (b *Backend) Exists(ctx context.Context, id string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s := b.shard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.live(id, b.now()) != nil, nil
}

// now returns the time since b was made. It is asked under the lock of the
// records in question: otherwise a call that waited for that lock could bring
// back what another one has already seen expire.
func (b *Backend) now() time.Duration { return time.Since(b.start) }

// after returns now + ttl, and the end of time instead of an overflow.
func after(now, ttl time.Duration) time.Duration {
	if ttl > math.MaxInt64-now {
		return math.MaxInt64
	}
	return now + ttl
}

func check(record backends.Record) error {
	switch {
	case len(record.Data) == 0:
		return errNoData
	case record.TTL <= 0:
		return errNoTTL
	}
	return nil
}
