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

// steady is how many looks in a row that show no more than max records are enough,
// although none of them is complete, because one record after the other changes its
// ID all the time. One more record would have to be on its way at each of them.
const steady = 20

// TrimSubject implements [backends.SubjectIndex]: one ZRANGE and one GETRANGE for
// each entry, pipelined, and that again if there are entries without a record, until
// a look is complete; see looks. Where there are too many it takes one EVALSHA, and
// one more for each record that goes. A record that changes its ID gets a new place,
// the last.
//
// Which records go is decided in the index, at one moment: a call dooms the oldest
// only if none of those that it counts, and so leaves, has been doomed by another
// one; otherwise it looks again. So max records are left that nobody has doomed.
// What is doomed counts for nobody and is removed by whichever call sees it,
// though not by one that is to keep it.
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

// judge returns the IDs of the live entries that are doomed, and of the oldest that
// it dooms itself so that max are left. It is undecided if it comes too late.
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
