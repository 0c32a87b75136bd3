package redis

import (
	"context"
	"errors"
	"slices"
)

// maxLooks bounds how often an index is looked at again because it changes while
// its records are ended. A record that changes its ID has to be faster than this
// process each time.
const maxLooks = 100

var errRestless = errors.New("redis: the subject's records change faster than they can be followed: try again")

// revokeScript removes the value KEYS[1] if its owner has the tag ARGV[1].
var revokeScript = newScript(`local head = redis.call('GETRANGE', KEYS[1], 0, 29)
if string.sub(head, 1, 2) ~= '\255\1' or string.sub(head, 15) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`)

// RevokeSubject implements [backends.SubjectIndex]: one ZRANGE, and one EVALSHA
// for each entry, pipelined; and that again for new entries if a record was not
// there any more. An entry whose record was written in the meantime for another
// owner stays what it is.
//
// No record escapes by changing its ID from X to Y, although the index and the
// records are in different slots, and nothing is atomic over both:
//
//   - The entry of Y is made before the record of Y, and that before the record of
//     X is swapped for a marker. An entry is dropped only when it is old and its
//     record missing.
//   - So if X is removed here as the owner's, it was not swapped yet and cannot be
//     any more: who tries gets ErrNotFound, and nobody gets to know Y.
//   - And if what is found under X is not the owner's any more, the entry of Y, if
//     there is a Y, has been made before: the next look at the index shows it, or
//     what Y has become by then.
//
// If all that a look showed was removed, there is nothing that could have moved;
// otherwise another look follows, until one shows nothing that was not seen yet.
func (b *Backend) RevokeSubject(ctx context.Context, name, except string) (int, error) {
	owner := subjectOf(name)
	revoked := 0
	seen := map[string]bool{except: true}
	for range maxLooks {
		ids, err := b.entries(ctx, &owner)
		if err != nil {
			return revoked, err
		}
		ids = slices.DeleteFunc(ids, func(id string) bool { return seen[id] })
		removed, err := b.end(ctx, &owner, ids)
		revoked += len(removed)
		if err != nil {
			return revoked, err
		}
		b.prune(ctx, &owner, ids)
		if len(removed) == len(ids) {
			return revoked, nil
		}
		for _, id := range ids {
			seen[id] = true
		}
	}
	return revoked, errRestless
}

// end removes what is stored under ids if it is still owner's, and returns the IDs
// of which that was so.
func (b *Backend) end(ctx context.Context, owner *subject, ids []string) (removed []string, err error) {
	for part := range slices.Chunk(ids, batch) {
		keys := make([]string, len(part))
		for i, id := range part {
			keys[i] = b.store.key(id)
		}
		done, err := b.store.runAll(ctx, &revokeScript, keys, owner.tag())
		for i, key := range keys {
			b.store.changed(key)
			if done[i] {
				removed = append(removed, part[i])
			}
		}
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}
