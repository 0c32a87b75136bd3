package memory

import (
	"context"
	"errors"

	"github.com/gosessions/sessions/backends"
)

var errNoMax = errors.New("memory: TrimSubject needs a max of 1 or more: to end all of a subject's records use RevokeSubject")

// ListSubject implements [backends.SubjectIndex].
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

// RevokeSubject implements [backends.SubjectIndex]. It first removes the
// records one by one, so that it does not hold a lock for long. A record may be
// rotated before its turn comes, and so may its successor, without end. So it
// finally removes, in one step, all records that were filed since.
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
	if err := ctx.Err(); err != nil || !b.has(subject, except) {
		return n, err
	}
	b.lockAll()
	defer b.unlockAll()
	now := b.now()
	for _, e := range b.entries(subject) {
		if e.id == except {
			continue
		}
		if e.expires > now {
			n++
		}
		b.drop(b.shard(e.id), e)
	}
	return n, nil
}

// has reports whether any record other than the one under except is filed under
// subject.
func (b *Backend) has(subject, except string) bool {
	d := b.directory(subject)
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.owners[subject]
	return o != nil && (o.count > 1 || o.first.id != except)
}

// revoke removes the record under id if it belongs to subject, and reports
// whether it removed a live record.
func (b *Backend) revoke(id, subject string) bool {
	s := b.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	if e == nil || e.subject() != subject {
		return false
	}
	live := e.expires > b.now()
	b.drop(s, e)
	return live
}

// TrimSubject implements [backends.SubjectIndex]. A record that is rotated keeps
// its place.
func (b *Backend) TrimSubject(ctx context.Context, subject string, max int, keep string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if max < 1 {
		return nil, errNoMax
	}
	if b.count(subject) <= max {
		return nil, nil
	}
	b.lockAll()
	defer b.unlockAll()
	b.bury(subject, b.now())
	entries := b.entries(subject)
	var removed []string
	for i := len(entries) - 1; i >= 0 && len(entries)-len(removed) > max; i-- {
		if e := entries[i]; e.id != keep {
			removed = append(removed, e.id)
			b.drop(b.shard(e.id), e)
		}
	}
	return removed, nil
}

// count returns how many entries are filed under subject, expired ones included.
func (b *Backend) count(subject string) int {
	d := b.directory(subject)
	d.mu.Lock()
	defer d.mu.Unlock()
	if o := d.owners[subject]; o != nil {
		return o.count
	}
	return 0
}
