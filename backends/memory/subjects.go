package memory

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

// directory knows the entries of a part of all subjects. Its lock is taken
// while the lock of an entry's shard is held, never the other way round: so an
// entry and what the directory says of it always change together, and nothing in
// a directory changes while all shards are locked.
type directory struct {
	mu     sync.Mutex
	number int // its place among all: the order of locking
	owners map[string]*owner
}

// owner is the head of the list of a subject's entries, the last filed first.
type owner struct {
	name  string
	first *entry
	count int // expired ones included
}

func (b *Backend) directory(subject string) *directory {
	return &b.subjects[maphash.String(b.seed, subject)%shards]
}

// file puts e, whose shard is locked, into the list of record's subject, unless it
// is there and alive: before retired, if that is an entry of the same subject, and
// first otherwise. It returns ErrSubjectLimit, and changes nothing, where that
// would be one too many; expired ones count.
func (b *Backend) file(e *entry, record backends.Record, now time.Duration, retired *entry) error {
	subject := record.Subject
	switch {
	case subject == "":
		b.unfile(e)
		return nil
	case e.subject() == subject && e.expires > now:
		return nil
	case retired == nil || retired.subject() != subject:
		retired = nil
	}
	d, former := b.directory(subject), b.directory(subject)
	if e.owner != nil {
		former = b.directory(e.owner.name)
	}
	lockDirectories(d, former)
	defer unlockDirectories(d, former)
	if limit := record.SubjectLimit; limit > 0 && retired == nil && d.others(subject, e) >= limit {
		return backends.ErrSubjectLimit
	}
	former.unlink(e)
	d.link(e, subject, retired)
	return nil
}

// unfile takes e, whose shard is locked, out of the list it is in.
func (b *Backend) unfile(e *entry) {
	if e.owner == nil {
		return
	}
	d := b.directory(e.owner.name)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unlink(e)
}

// lockDirectories locks two directories, which may be one and the same; always in
// the same order, as lockBoth.
func lockDirectories(d1, d2 *directory) {
	if d1.number > d2.number {
		d1, d2 = d2, d1
	}
	d1.mu.Lock()
	if d1 != d2 {
		d2.mu.Lock()
	}
}

func unlockDirectories(d1, d2 *directory) {
	d1.mu.Unlock()
	if d1 != d2 {
		d2.mu.Unlock()
	}
}

// others returns how many entries but e the subject has.
func (d *directory) others(subject string, e *entry) int {
	o := d.owners[subject]
	switch {
	case o == nil:
		return 0
	case e.owner == o:
		return o.count - 1
	}
	return o.count
}

// link puts e into the list of subject, before next or, if that is nil, first.
func (d *directory) link(e *entry, subject string, next *entry) {
	o := d.owners[subject]
	if o == nil {
		if d.owners == nil {
			d.owners = make(map[string]*owner)
		}
		o = &owner{name: subject}
		d.owners[subject] = o
	}
	if next == nil {
		next = o.first
	}
	e.owner, e.next = o, next
	if next != nil {
		e.previous, next.previous = next.previous, e
	}
	if e.previous != nil {
		e.previous.next = e
	} else {
		o.first = e
	}
	o.count++
}

// unlink takes e out of the list it is in, if any.
func (d *directory) unlink(e *entry) {
	o := e.owner
	if o == nil {
		return
	}
	if e.next != nil {
		e.next.previous = e.previous
	}
	if e.previous != nil {
		e.previous.next = e.next
	} else {
		o.first = e.next
	}
	if o.count--; o.count == 0 {
		delete(d.owners, o.name)
	}
	e.owner, e.previous, e.next = nil, nil, nil
}

// filed returns the IDs that are filed under subject at this moment. Whoever
// looks at one of them has to check that it still is.
func (b *Backend) filed(subject string) []string {
	d := b.directory(subject)
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.owners[subject]
	if o == nil {
		return nil
	}
	ids := make([]string, 0, o.count)
	for e := o.first; e != nil; e = e.next {
		ids = append(ids, e.id)
	}
	return ids
}

// entries returns the entries of subject, the last filed first. All shards are
// locked.
func (b *Backend) entries(subject string) []*entry {
	o := b.directory(subject).owners[subject]
	if o == nil {
		return nil
	}
	list := make([]*entry, 0, o.count)
	for e := o.first; e != nil; e = e.next {
		list = append(list, e)
	}
	return list
}

// bury removes the expired entries of subject. All shards are locked.
func (b *Backend) bury(subject string, now time.Duration) {
	for _, e := range b.entries(subject) {
		if e.expires <= now {
			b.drop(b.shard(e.id), e)
		}
	}
}
