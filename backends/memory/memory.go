// Package memory keeps sessions in the memory of this process: a restart ends
// every session. It is for tests, for development, and for sites where that does
// not matter. A single server can keep its sessions in a file, with package
// [github.com/gosessions/sessions/backends/sqlite]; several can share them in
// Redis, Postgres or MySQL.
//
// It has every ability that a server-side backend can have, and is the reference
// for how a backend behaves.
//
// Records are spread over shards, each with its own lock, so that sessions
// rarely wait for one another. Each shard finds its records by ID and by
// expiry, so removing an expired record is cheap: no operation scans all
// records while it holds a lock. Each write removes a few expired records, and
// a sweep every few minutes removes the rest, holding a shard's lock for
// microseconds at a time.
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
// stored and none of them has expired. It is a [backends.ErrNotApplied].
var ErrFull = backends.NotApplied(errors.New("memory: as many sessions are stored as MaxSessions allows"))

// The errors for records that cannot be stored.
var (
	errNoData = backends.NotApplied(errors.New("memory: a record needs data"))
	errNoTTL  = backends.NotApplied(errors.New("memory: a record needs a TTL of more than 0"))
)

// Options configure a [Backend]. The zero value keeps any number of records.
type Options struct {
	// MaxSessions is how many records the backend keeps at most; 0 means no
	// limit. Once it is reached, new records are refused with [ErrFull] and
	// existing sessions continue to work: a flood of new sessions cannot push
	// them out.
	MaxSessions int

	// Evict makes room for a new record instead of refusing it, by removing the
	// record that expires soonest. Its owner loses that session.
	Evict bool
}

// Backend is a [backends.Backend] in memory. It must be made with [New], and is
// safe for concurrent use. Records do not survive the process.
//
// It uses the monotonic clock, so changing the machine's time does not change
// when a record expires. Inside a testing/synctest bubble it uses the bubble's
// clock.
type Backend struct {
	shards   [shards]shard     // by ID
	subjects [shards]directory // by subject
	stored   atomic.Int64      // records in all shards, expired ones included

	options Options
	start   time.Time // the zero of all expiry times
	seed    maphash.Seed

	armed    atomic.Bool        // a background sweep is scheduled
	pause    atomic.Int64       // the time before it
	sweeping sync.Mutex         // held by the background sweep
	life     context.Context    // ends with Close
	end      context.CancelFunc // of life
}

const shards = 64

// Backend has every ability of a server-side backend.
var (
	_ backends.Swapper      = (*Backend)(nil)
	_ backends.Toucher      = (*Backend)(nil)
	_ backends.Rotator      = (*Backend)(nil)
	_ backends.SubjectIndex = (*Backend)(nil)
	_ backends.Sweeper      = (*Backend)(nil)
	_ backends.Walker       = (*Backend)(nil)
	_ backends.Describer    = (*Backend)(nil)
)

// New returns an empty backend. Options may be nil. The constructor of the
// middleware reports invalid ones.
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

// errNotMade is what is wrong with the zero value.
var errNotMade = errors.New("memory: the backend is a zero value: make it with memory.New(nil)")

// Describe implements [backends.Describer].
func (b *Backend) Describe() backends.Facts {
	err := b.options.validate()
	if b.life == nil {
		err = errNotMade
	}
	return backends.Facts{Err: err, Local: true}
}

// validate returns an error if the options are invalid.
func (o *Options) validate() error {
	switch {
	case o.MaxSessions < 0:
		return fmt.Errorf("memory: Options.MaxSessions is %d: use 0 for no bound", o.MaxSessions)
	case o.Evict && o.MaxSessions == 0:
		return errors.New("memory: Options.Evict without Options.MaxSessions has no effect: set both or neither")
	}
	return nil
}

// Len returns the number of records in memory, including expired ones that have
// not been removed yet.
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
	switch e := s.entries[id]; {
	case e == nil:
		return backends.Record{}, backends.ErrNotFound
	case e.expires <= now:
		return backends.Record{}, backends.ErrExpired
	default:
		return e.record(now), nil
	}
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

// now returns the time since b was made. Call it while holding the lock of the
// records concerned: otherwise a call that waited for the lock could bring back
// a record that another call has already seen expire.
func (b *Backend) now() time.Duration { return time.Since(b.start) }

// after returns now + ttl, or the largest duration if that overflows.
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
