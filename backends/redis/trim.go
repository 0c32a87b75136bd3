package redis

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

var errNoMax = errors.New("redis: TrimSubject needs a max of 1 or more: to end all of a subject's records use RevokeSubject")

// verdictLife is how long a record that is to go does not count, if the process
// that was to remove it was killed.
const verdictLife = time.Minute

// doomScript passes the verdict on entries of the index KEYS[1], for ARGV[1]
// seconds: on the first ARGV[2] of those that follow in pairs of ID and score. It
// does nothing and replies 0 if one of all of them is not the same any more, or
// has been doomed by another call.
var doomScript = newScript(now + `local members = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local scores = {}
for i = 1, #members, 2 do
  if string.byte(members[i]) > 1 then scores[members[i]] = tonumber(members[i + 1]) end
end
for i = 1, #members, 2 do
  if string.byte(members[i]) == 1 then
    local score, id = string.match(members[i], '^.(%S+) (.*)$')
    if scores[id] == tonumber(score) then scores[id] = nil end
  end
end
for i = 3, #ARGV, 2 do
  if scores[ARGV[i]] ~= tonumber(ARGV[i + 1]) then return 0 end
end
for i = 3, 2 * ARGV[2] + 2, 2 do
  redis.call('ZADD', KEYS[1], now + ARGV[1], '\1' .. ARGV[i + 1] .. ' ' .. ARGV[i])
end
return 1`)

// TrimSubject implements [backends.SubjectIndex]: one ZRANGE and one GETRANGE for
// each entry, pipelined, and where there are too many one EVALSHA and one more for
// each record that goes. A record that changes its ID gets a new place, the last.
//
// Which records go is decided in the index, at one moment: a call dooms the oldest
// only if none of those that it counts, and so leaves, has been doomed by another
// one; otherwise it looks again. So max records are left that nobody has doomed.
// What is doomed counts for nobody and is removed by whichever call sees it,
// though not by one that is to keep it. What is not found where it should be may
// have changed its ID: then the call looks again, as RevokeSubject does.
func (b *Backend) TrimSubject(ctx context.Context, name string, max int, keep string) (removed []string, err error) {
	if max < 1 {
		return nil, errNoMax
	}
	owner := subjectOf(name)
	for range maxLooks {
		list, err := b.census(ctx, &owner)
		if err != nil {
			return removed, err
		}
		list = b.living(ctx, &owner, list)
		var ids []string // of those that go
		list = slices.DeleteFunc(list, func(e entry) bool {
			if e.doomed && e.id != keep {
				ids = append(ids, e.id)
			}
			return e.doomed
		})
		if surplus := len(list) - max; surplus > 0 {
			oldestFirst(list, keep)
			doomed, err := b.doom(ctx, &owner, list, surplus)
			if err != nil {
				return removed, err
			}
			if !doomed {
				continue
			}
			for _, e := range list[:surplus] {
				ids = append(ids, e.id)
			}
		}
		ended, err := b.end(ctx, &owner, ids)
		removed = append(removed, ended...)
		if err != nil || len(ended) == len(ids) {
			return removed, err
		}
	}
	return removed, errRestless
}

// living returns the entries in list that are live, and lets the index forget the
// old ones among the others.
func (b *Backend) living(ctx context.Context, owner *subject, list []entry) []entry {
	var gone []string
	list = slices.DeleteFunc(list, func(e entry) bool {
		if !e.live && !e.reserved {
			gone = append(gone, e.id)
		}
		return !e.live
	})
	b.prune(ctx, owner, gone)
	return list
}

// oldestFirst sorts entries by when they were filed, and puts the one with the ID
// keep last.
func oldestFirst(list []entry, keep string) {
	slices.SortFunc(list, func(x, y entry) int {
		switch {
		case x.id == keep:
			return 1
		case y.id == keep:
			return -1
		}
		return cmp.Or(cmp.Compare(x.since, y.since), cmp.Compare(x.id, y.id))
	})
}

// doom decides that the first surplus entries of list go, and the others stay. It
// reports whether that is so, and not decided otherwise already.
func (b *Backend) doom(ctx context.Context, owner *subject, list []entry, surplus int) (bool, error) {
	args := make([]any, 0, 2+2*len(list))
	args = append(args, seconds(verdictLife), surplus)
	for _, e := range list {
		args = append(args, e.id, score(e.score))
	}
	reply, err := b.store.run(ctx, &doomScript, b.indexKey(owner), args...).Int64()
	return reply == 1, err
}
