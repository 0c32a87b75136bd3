package memory

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/gosessions/sessions/backends"
)

// directory knows the entries of a part of all subjects. Its lock is taken
// while the lock of an entry's shard is held, never the other way round: so an
// entry and what the directory says of it always change together.
type directory struct {
	mu     sync.Mutex
	owners map[string]*owner
}

// owner is the head of the list of a subject's entries.
type owner struct {
	name  string
	first *entry
}

func (b *Backend) directory(subject string) *directory {
	return &b.subjects[maphash.String(b.seed, subject)%shards]
}

// file puts e, whose shard is locked, into the list of subject.
func (b *Backend) file(e *entry, subject string) {
	if e.subject() == subject {
		return
	}
	b.unfile(e)
	if subject == "" {
		return
	}
	d := b.directory(subject)
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.owners[subject]
	if o == nil {
		if d.owners == nil {
			d.owners = make(map[string]*owner)
		}
		o = &owner{name: subject}
		d.owners[subject] = o
	}
	e.owner, e.next = o, o.first
	if e.next != nil {
		e.next.previous = e
	}
	o.first = e
}

// unfile takes e, whose shard is locked, out of the list it is in.
func (b *Backend) unfile(e *entry) {
	if e.owner == nil {
		return
	}
	d := b.directory(e.owner.name)
	d.mu.Lock()
	defer d.mu.Unlock()
	if e.next != nil {
		e.next.previous = e.previous
	}
	if e.previous != nil {
		e.previous.next = e.next
	} else if e.owner.first = e.next; e.next == nil {
		delete(d.owners, e.owner.name)
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
	var ids []string
	for e := o.first; e != nil; e = e.next {
		ids = append(ids, e.id)
	}
	return ids
}

// ListSubject implements [sessions.SubjectIndex].
func (b *Backend) ListSubject(ctx context.Context, subject string) ([]backends.Entry, error) {
	var list []backends.Entry
	for _, id := range b.filed(subject) {
		if record, err := b.Read(ctx, id); err == nil && record.Subject == subject {
			list = append(list, backends.Entry{ID: id, Record: record})
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return list, nil
}

// RevokeSubject implements [sessions.SubjectIndex].
func (b *Backend) RevokeSubject(ctx context.Context, subject, except string) (int, error) {
	n := 0
	for _, id := range b.filed(subject) {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if id != except && b.revoke(id, subject) {
			n++
		}
	}
	return n, ctx.Err()
}

// revoke removes what is stored under id if it belongs to subject, and tells
// whether that was a live record.
func (b *Backend) revoke(id, subject string) bool {
	s := b.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.live(id, b.now())
	if e == nil || e.subject() != subject {
		return false
	}
	b.drop(s, e)
	return true
}
