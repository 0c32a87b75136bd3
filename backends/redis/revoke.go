package redis

import (
	"context"
	"slices"
)

// revokeScript removes the value KEYS[1] if its owner has the tag ARGV[1].
var revokeScript = newScript(`local head = redis.call('GETRANGE', KEYS[1], 0, 29)
if string.sub(head, 1, 2) ~= '\255\1' or string.sub(head, 15) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`)

// RevokeSubject implements [backends.SubjectIndex]: one ZRANGE, and one EVALSHA
// for each entry, pipelined. If a record is gone, it may have changed its ID:
// then the call looks again until a look is complete; see looks. If a record is
// removed before it is swapped for a tombstone, the swap fails, and its caller
// removes the record that it stored under the new ID.
//
// A record that was meanwhile written for another owner is not removed.
func (b *Backend) RevokeSubject(ctx context.Context, name, except string) (int, error) {
	owner := subjectOf(name)
	l, complete := newLooks(), false
	revoked := 0
	removed := make(map[string]float64) // scores by ID
	for range maxLooks {
		list, err := b.entries(ctx, &owner)
		if err != nil {
			return revoked, err
		}
		if news := l.anyNew(list); complete && !news {
			return revoked, nil
		}
		list = slices.DeleteFunc(list, func(e entry) bool {
			score, ok := removed[e.id]
			return e.id == except || ok && score == e.score
		})
		done, err := b.end(ctx, &owner, idsOf(list))
		complete = true
		n := 0
		for i, e := range list {
			if done[i] {
				add(removed, e)
				n++
			} else if l.misses(e) {
				complete = false
			}
		}
		revoked += n
		if err != nil {
			return revoked, err
		}
		b.prune(ctx, &owner, idsOf(list))
		if n == len(list) {
			return revoked, nil
		}
	}
	return revoked, errRestless
}

// end removes each record under ids that still belongs to owner, and returns
// for each ID whether it removed one.
func (b *Backend) end(ctx context.Context, owner *subject, ids []string) (done []bool, err error) {
	done = make([]bool, 0, len(ids))
	for part := range slices.Chunk(ids, batch) {
		keys := make([]string, len(part))
		for i, id := range part {
			keys[i] = b.store.key(id)
		}
		some, err := b.store.runAll(ctx, &revokeScript, keys, owner.tag())
		done = append(done, some...)
		for _, key := range keys {
			b.store.changed(key)
		}
		if err != nil {
			return append(done, make([]bool, len(ids)-len(done))...), err
		}
	}
	return done, nil
}

func idsOf(list []entry) []string {
	ids := make([]string, len(list))
	for i, e := range list {
		ids[i] = e.id
	}
	return ids
}
