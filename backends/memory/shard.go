package memory

import (
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

// shard holds a part of the records. The hash of an ID selects its shard.
type shard struct {
	mu      sync.RWMutex
	entries map[string]*entry
	queue   queue // the same entries, by expiry
	most    int   // entries since the map was made

	_ [64]byte // two cache lines: neighbors do not slow each other down
}

// entry is a stored record, guarded by its shard's lock. Its layout exactly
// fills an allocation of 80 bytes, because a million entries are common.
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

// live returns the entry under id, or nil if there is none or it has expired.
func (s *shard) live(id string, now time.Duration) *entry {
	if e := s.entries[id]; e != nil && e.expires > now {
		return e
	}
	return nil
}

// put stores record under id, replacing any entry, expired or not. It returns
// ErrSubjectLimit if the record's subject already has as many records as the
// limit allows, and ErrFull if there is no room for a new entry; then nothing
// has changed.
func (b *Backend) put(s *shard, id string, record backends.Record, now time.Duration) error {
	e := s.entries[id]
	if e == nil {
		return b.add(s, id, record, now)
	}
	if err := b.file(e, record, now, nil); err != nil {
		return err
	}
	e.data = record.Data
	s.move(e, after(now, record.TTL))
	b.expire(s, now, perWrite)
	return nil
}

// add is like put for an ID under which nothing is stored.
func (b *Backend) add(s *shard, id string, record backends.Record, now time.Duration) error {
	e := &entry{id: id}
	if err := b.file(e, record, now, nil); err != nil {
		return err
	}
	if !b.reserve() {
		b.unfile(e)
		return ErrFull
	}
	b.insert(s, e, record, now)
	return nil
}

// replace stores record under newID, which must be free, and then tombstone in
// the old entry, or removes that entry if tombstone has no data. If both
// records have the same subject, the new entry takes the old one's place among
// the subject's entries.
func (b *Backend) replace(s *shard, old *entry, tombstone backends.Record, t *shard, newID string, record backends.Record, now time.Duration) error {
	e := &entry{id: newID}
	if err := b.file(e, record, now, old); err != nil {
		return err
	}
	if tombstone.Data == nil {
		b.take(s, old) // the new entry gets its room
		b.insert(t, e, record, now)
		return nil
	}
	if !b.reserve() {
		b.unfile(e)
		return ErrFull
	}
	b.insert(t, e, record, now)
	return b.put(s, old.id, tombstone, now)
}

// insert stores record in e, which is filed and for which room is reserved.
func (b *Backend) insert(s *shard, e *entry, record backends.Record, now time.Duration) {
	if s.entries == nil {
		s.entries = make(map[string]*entry)
	}
	e.data, e.expires = record.Data, after(now, record.TTL)
	s.entries[e.id] = e
	s.queue.push(e)
	s.most = max(s.most, len(s.entries))
	b.expire(s, now, perWrite)
	b.arm()
}

// move sets when e expires.
func (s *shard) move(e *entry, expires time.Duration) {
	e.expires = expires
	s.queue.fix(e.place, expires)
}

// drop removes e, which is stored in s.
func (b *Backend) drop(s *shard, e *entry) {
	b.take(s, e)
	b.stored.Add(-1)
}

// take removes e, which is stored in s, but keeps its room reserved for another
// entry.
func (b *Backend) take(s *shard, e *entry) {
	b.unfile(e)
	s.queue.remove(e.place)
	delete(s.entries, e.id)

	// A map never shrinks. When few entries are left, copying them into a new
	// map frees the memory.
	if few := len(s.entries); s.most > 1024 && few <= s.most/16 {
		entries := make(map[string]*entry, few)
		maps.Copy(entries, s.entries)
		s.entries = entries
		s.queue = slices.Clone(s.queue)
		s.most = few
	}
}
