package redis

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

var errNoMax = errors.New("redis: TrimSubject needs a max of 1 or more: to end all of a subject's records use RevokeSubject")

// verdictLife is how long a doomed record does not count if the process that
// should have removed it was killed.
const verdictLife = time.Minute

// doomScript adds a verdict for ARGV[1] seconds on entries of the index
// KEYS[1]. The remaining arguments are pairs of ID and score, and the first
// ARGV[2] of these entries are doomed. If any of all these entries has changed,
// or was doomed by another call, the script does nothing and replies 0.
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

// steady is how many consecutive looks with no more than max records suffice
// even if none of them is complete, because records keep changing their IDs. A
// further record would have to be between two IDs at every one of them.
const steady = 20

// TrimSubject implements [backends.SubjectIndex]: one ZRANGE, and one GETRANGE
// for each entry, pipelined. If there are entries without a record it repeats
// that until a look is complete; see looks. If there are too many records it
// takes one more EVALSHA, and one for each record that it removes. A record
// that changes its ID gets a new place, the last.
//
// The index decides at one moment which records to remove: a call dooms the
// oldest ones only if no other call has doomed one of those that it counts and
// leaves. Otherwise it looks again. So max records remain that no call has
// doomed. A doomed record counts for no call, and is removed by any call that
// sees it, except one that has to keep it.
func (b *Backend) TrimSubject(ctx context.Context, name string, max int, keep string) (removed []string, err error) {
	if max < 1 {
		return nil, errNoMax
	}
	owner := subjectOf(name)
	l, complete, calm := newLooks(), false, 0
	for range maxLooks {
		list, err := b.entries(ctx, &owner)
		if err != nil {
			return removed, err
		}
		if news := l.anyNew(list); complete && !news {
			return removed, nil
		}
		if err := b.inspect(ctx, &owner, list); err != nil {
			return removed, err
		}
		live, first := l.sort(list)
		b.prune(ctx, &owner, first)
		ids, decided, err := b.judge(ctx, &owner, live, max, keep)
		if err != nil {
			return removed, err
		}
		done, err := b.end(ctx, &owner, ids)
		ended := 0
		for i, id := range ids {
			if done[i] {
				removed = append(removed, id)
				ended++
			}
		}
		if err != nil {
			return removed, err
		}
		quiet := decided && ended == len(ids)
		if calm++; !quiet || ended > 0 {
			calm = 0
		}
		if quiet && len(live) == len(list) || calm == steady {
			return removed, nil
		}
		complete = quiet && len(first) == 0
	}
	return removed, errRestless
}

// sort returns the entries in list that are live, and the IDs of those that are
// missing and were not at the last look.
func (l *looks) sort(list []entry) (live []entry, first []string) {
	for _, e := range list {
		if e.live {
			l.finds(e)
			live = append(live, e)
		} else if l.misses(e) {
			first = append(first, e.id)
		}
	}
	return live, first
}

// judge returns the IDs of the live entries that are doomed already, and of the
// oldest ones, which it dooms so that max are left. It is undecided if another
// call decided first.
func (b *Backend) judge(ctx context.Context, owner *subject, live []entry, max int, keep string) (ids []string, decided bool, err error) {
	live = slices.DeleteFunc(live, func(e entry) bool {
		if e.doomed && e.id != keep {
			ids = append(ids, e.id)
		}
		return e.doomed
	})
	surplus := len(live) - max
	if surplus <= 0 {
		return ids, true, nil
	}
	oldestFirst(live, keep)
	if decided, err = b.doom(ctx, owner, live, surplus); !decided || err != nil {
		return ids, false, err
	}
	for _, e := range live[:surplus] {
		ids = append(ids, e.id)
	}
	return ids, true, nil
}

// oldestFirst sorts entries by when they were filed, with the one under the ID
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

// doom decides that the first surplus entries of list are removed and the
// others stay. It reports false if another call has decided otherwise.
func (b *Backend) doom(ctx context.Context, owner *subject, list []entry, surplus int) (bool, error) {
	args := make([]any, 0, 2+2*len(list))
	args = append(args, seconds(verdictLife), surplus)
	for _, e := range list {
		args = append(args, e.id, score(e.score))
	}
	reply, err := b.store.run(ctx, &doomScript, b.indexKey(owner), args...).Int64()
	return reply == 1, err
}
