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
// for each entry, pipelined. If a record was not there any more, it may have
// changed its ID: then the call looks again until a look is complete; see looks. A
// record that is removed before it is swapped for a marker cannot be swapped any
// more, and who tries takes back what he stored under the new ID. So what is removed
// need not be looked at again, and neither does what is missing at two looks: it is
// gone, or on the way from a record that has been removed.
//
// A record that was meanwhile written for another owner is not removed.
func (b *Backend) RevokeSubject(ctx context.Context, name, except string) (int, error) {
	owner := subjectOf(name)
	l, complete := newLooks(), false
	revoked := 0
	over := make(map[string]float64) // scores by ID
	for range maxLooks {
		list, err := b.entries(ctx, &owner)
		if err != nil {
			return revoked, err
		}
		if news := l.anyNew(list); complete && !news {
			return revoked, nil
		}
		list = slices.DeleteFunc(list, func(e entry) bool { return e.id == except || has(over, e) })
		done, err := b.end(ctx, &owner, idsOf(list))
		var missing []string // for the first time
		n := 0
		for i, e := range list {
			switch {
			case done[i]:
				n++
				add(over, e)
			case l.misses(e):
				missing = append(missing, e.id)
			default:
				add(over, e)
			}
		}
		revoked += n
		if err != nil {
			return revoked, err
		}
		b.prune(ctx, &owner, missing)
		if n == len(list) {
			return revoked, nil
		}
		complete = len(missing) == 0
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
