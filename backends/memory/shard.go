package memory

import (
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

// shard holds the records of a part of all IDs.
type shard struct {
	mu      sync.RWMutex
	entries map[string]*entry
	queue   queue // the same entries, by expiry
	most    int   // entries since the map was made

	_ [64]byte // two cache lines: neighbours do not slow each other down
}

// entry is a stored record, guarded by its shard's lock. A million of them are
// common, so it is laid out to fill an allocation of 80 bytes.
type entry struct {
	id      string
	data    []byte
	expires time.Duration // by the backend's clock
	place   int           // in the shard's queue; removed when it has none

	owner          *owner // nil: without a subject
	previous, next *entry // of the same owner; guarded by the directory's lock
}

// removed is the place of an entry that is no longer stored.
const removed = -1

func (e *entry) record(now time.Duration) backends.Record {
	return backends.Record{Data: e.data, TTL: e.expires - now, Subject: e.subject()}
}

func (e *entry) subject() string {
	if e.owner == nil {
		return ""
	}
	return e.owner.name
}

func (b *Backend) index(id string) uint64 { return maphash.String(b.seed, id) % shards }
func (b *Backend) shard(id string) *shard { return &b.shards[b.index(id)] }

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

// live returns the entry under id, nil if there is none or it has expired.
func (s *shard) live(id string, now time.Duration) *entry {
	if e := s.entries[id]; e != nil && e.expires > now {
		return e
	}
	return nil
}

// put stores record under id, in place of what is there, expired or not. It
// returns ErrFull, and changes nothing, where a new entry has no room.
func (b *Backend) put(s *shard, id string, record backends.Record, now time.Duration) error {
	expires := after(now, record.TTL)
	e := s.entries[id]
	if e != nil {
		s.move(e, expires)
	} else {
		if !b.reserve() {
			return ErrFull
		}
		if s.entries == nil {
			s.entries = make(map[string]*entry)
		}
		e = &entry{id: id, expires: expires}
		s.entries[id] = e
		s.queue.push(e)
		s.most = max(s.most, len(s.entries))
		b.arm()
	}
	e.data = record.Data
	b.file(e, record.Subject)
	b.expire(s, now, perWrite)
	return nil
}

// move changes when e expires.
func (s *shard) move(e *entry, expires time.Duration) {
	e.expires = expires
	s.queue.fix(e.place, expires)
}

// drop removes e, which is stored in s.
func (b *Backend) drop(s *shard, e *entry) {
	b.unfile(e)
	s.queue.remove(e.place)
	delete(s.entries, e.id)
	b.stored.Add(-1)

	// A map keeps the memory of its greatest size. When few entries are left
	// it is worth copying them into a new one.
	if few := len(s.entries); s.most > 1024 && few <= s.most/16 {
		entries := make(map[string]*entry, few)
		maps.Copy(entries, s.entries)
		s.entries = entries
		s.queue = slices.Clone(s.queue)
		s.most = few
	}
}
