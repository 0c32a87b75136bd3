package redis

import (
	"context"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
)

// grace is how much longer than its record an entry of an index lives, and how
// old an entry must be before it is removed because its record is missing. It
// must exceed the time between the two writes, which is at most a commit's
// timeout plus the time for which a frozen server delays a command, and the
// clock difference between two servers of a cluster.
const grace = 10 * time.Minute

// batch is how many records one pipeline asks for.
const batch = 256

// An index is a sorted set. Its members are
//
//	id an entry: a record under id exists, existed or will exist
//	00 nonce(26) id    a reservation: id is about to be stored, within a limit
//	01 score 20 id     a verdict: the record of the entry with this score will be removed
//
// No ID begins with the bytes 00 or 01. The score of an entry is when it ends,
// in Unix seconds. Its fraction is the minute in which the entry was made,
// modulo 2^20 (two years). That takes 32 and 20 bits of the 53 that a double
// holds. A renewed entry gets another score. The score of a reservation or a
// verdict is when it ends, which is soon, so those that a killed process leaves
// behind disappear by themselves.

// now begins a script on an index. It removes the members that have ended.
const now = `local time = redis.call('TIME')
local now = tonumber(time[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
`

// enter ends a script on an index. It makes or renews the entry ARGV[1] for a
// record that can live for ARGV[2] seconds, and replies when the entry ends
// and, in microseconds, when it was made. The index lives as long as its last
// entry.
const enter = `local ends = now + ARGV[2]
local minute = math.floor(now / 60) % 1048576 / 1048576
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if score then
  ends = math.max(ends, math.floor(score))
  if ends + minute == tonumber(score) then ends = ends + 1 end
end
redis.call('ZADD', KEYS[1], string.format('%.17g', ends + minute), ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('EXPIREAT', KEYS[1], math.floor(last[2]) + 1)
return {ends, now * 1000000 + time[2]}`

// fileScript is enter for any number of entries.
var fileScript = newScript(now + enter)

// pruneScript removes the entries ARGV[2]... of the index KEYS[1] whose records
// are missing, except those made less than ARGV[1] minutes ago, whose records
// may be about to be stored. Of the two years after which minutes repeat, half
// are read as negative ages, in case the clock was set back.
var pruneScript = newScript(`local minute = math.floor(redis.call('TIME')[1] / 60)
local dropped = 0
for i = 2, #ARGV do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if score then
    local age = (minute - (score % 1) * 1048576) % 1048576
    if age > tonumber(ARGV[1]) and age < 524288 then
      dropped = dropped + redis.call('ZREM', KEYS[1], ARGV[i])
    end
  end
end
return dropped`)

// indexKey returns the key of the owner's index. No session has this key:
// validate refuses prefixes that would make that possible.
func (b *Backend) indexKey(owner *subject) string {
	return indexPrefix + b.store.prefix + owner.String()
}

const indexPrefix = "subjects:"

// file makes or renews the entry of id in owner's index, before the record is
// stored.
func (b *Backend) file(ctx context.Context, id string, record backends.Record, owner *subject) (filing, error) {
	return filed(b.store.run(ctx, &fileScript, b.indexKey(owner), id, b.entryLife(record)))
}

// filed returns what enter replied.
func filed(reply *goredis.Cmd) (filing, error) {
	numbers, err := reply.Int64Slice()
	switch {
	case err != nil:
		return filing{}, err
	case len(numbers) != 2:
		return filing{}, errReply
	}
	return filing{numbers[0], numbers[1]}, nil
}

// entryLife is how many seconds the entry of record lives.
func (b *Backend) entryLife(record backends.Record) int64 {
	return seconds(b.life(record)) + seconds(grace)
}

// life is how long a record can live, however often it is touched.
func (b *Backend) life(record backends.Record) time.Duration {
	if record.MaxTTL > 0 {
		return max(record.TTL, record.MaxTTL)
	}
	return max(record.TTL, b.lifetime)
}

func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// The first byte of the members of an index that are not entries.
const (
	reserved = 0x00
	verdict  = 0x01
)

// prune removes the entries of owner whose records are missing. A failure does
// no harm: the next call that looks tries again.
func (b *Backend) prune(ctx context.Context, owner *subject, missing []string) {
	for len(missing) > 0 {
		n := min(len(missing), batch)
		args := make([]any, 0, n+1)
		args = append(args, int64(grace/time.Minute))
		for _, id := range missing[:n] {
			args = append(args, id)
		}
		if b.store.run(ctx, &pruneScript, b.indexKey(owner), args...).Err() != nil {
			return
		}
		missing = missing[n:]
	}
}

// ListSubject implements [backends.SubjectIndex]: one ZRANGE, and a GET and a
// PTTL for each entry, pipelined.
func (b *Backend) ListSubject(ctx context.Context, name string) ([]backends.Entry, error) {
	owner := subjectOf(name)
	filed, err := b.entries(ctx, &owner)
	if err != nil {
		return nil, err
	}
	var list []backends.Entry
	var missing []string
	for part := range slices.Chunk(idsOf(filed), batch) {
		err := b.store.getAll(ctx, part, func(id string, value []byte, ttl time.Duration) error {
			if !belongs(value, &owner) {
				missing = append(missing, id)
				return nil
			}
			list = append(list, backends.Entry{ID: id, Record: backends.Record{Data: dataOf(value), TTL: ttl, Subject: name}})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	b.prune(ctx, &owner, missing)
	return list, nil
}
