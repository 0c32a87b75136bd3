package memory

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

// directory lists the entries of a part of the subjects. Its lock is taken
// while the lock of an entry's shard is held, never the other way round. So an
// entry and its place in the directory always change together, and no directory
// changes while all shards are locked.
type directory struct {
	mu     sync.Mutex
	number int // its place in the order of locking
	owners map[string]*owner
}

// owner is the head of the list of a subject's entries, most recently filed
// first.
type owner struct {
	name  string
	first *entry
	count int // expired ones included
}

func (b *Backend) directory(subject string) *directory {
	return &b.subjects[maphash.String(b.seed, subject)%shards]
}

// file puts e, whose shard is locked, into the list of record's subject, unless
// it is in it and alive. It puts e before retired if that is an entry of the
// same subject, and first otherwise. If that would exceed the limit, with
// expired entries counted, it returns ErrSubjectLimit and changes nothing.
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

// unfile removes e, whose shard is locked, from its list.
func (b *Backend) unfile(e *entry) {
	if e.owner == nil {
		return
	}
	d := b.directory(e.owner.name)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unlink(e)
}

// lockDirectories locks two directories, which may be the same, always in the
// same order, as lockBoth does for shards.
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

// others returns how many entries the subject has, not counting e.
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

// unlink removes e from its list, if it is in one.
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

// filed returns the IDs that are filed under subject at this moment. A caller
// that uses one of them must check that it still is.
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

// entries returns the entries of subject, most recently filed first. All shards
// are locked.
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
