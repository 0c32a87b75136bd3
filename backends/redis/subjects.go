package redis

import (
	"context"
	"time"

	"github.com/gosessions/sessions/backends"
)

// grace is how much longer than it must an entry of an index lives, and how old
// one must be before it is dropped because its record is missing. It has to
// exceed the time between the two writes, which is at most a commit's timeout
// and the time that a frozen server sits on what it was sent; and what the
// clocks of two servers of a cluster differ.
const grace = 10 * time.Minute

// batch is how many records one pipeline asks for.
const batch = 256

// fileScript makes the entry ARGV[1] in the index KEYS[1], or renews it, for a
// record that can live for ARGV[2] seconds, and replies until when the entry
// holds. What has run out is dropped, and the index lives as long as its last
// entry.
//
// A score is when the entry runs out, in Unix seconds. Its fraction is the
// minute in which the entry was made, modulo 2^20 (two years): 32 and 20 bits of
// the 53 that a double holds.
var fileScript = newScript(`local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
local ends = now + ARGV[2]
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if score then ends = math.max(ends, math.floor(score)) end
local minute = math.floor(now / 60) % 1048576
redis.call('ZADD', KEYS[1], string.format('%.17g', ends + minute / 1048576), ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('EXPIREAT', KEYS[1], math.floor(last[2]) + 1)
return ends`)

// pruneScript drops the entries ARGV[2]... of the index KEYS[1] whose records
// are missing, but none that was made less than ARGV[1] minutes ago: its record
// may be on the way. Half of the two years stand for a clock that was set back.
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

// revokeScript removes the value KEYS[1] if its owner has the tag ARGV[1].
var revokeScript = newScript(`local head = redis.call('GETRANGE', KEYS[1], 0, 21)
if string.sub(head, 1, 2) ~= '\255\1' or string.sub(head, 7) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`)

// indexKey is where the entries of owner are. No ID leads to it: Validate refuses
// prefixes that mix the two.
func (b *Backend) indexKey(owner *subject) string {
	return indexPrefix + b.store.prefix + owner.String()
}

const indexPrefix = "subjects:"

// file makes owner's index know of id, before there is a record, and returns
// the value to store.
func (b *Backend) file(ctx context.Context, id string, record backends.Record, owner *subject) ([]byte, error) {
	life := seconds(b.life(record)) + seconds(grace)
	ends, err := b.store.run(ctx, &fileScript, b.indexKey(owner), id, life)
	if err != nil {
		return nil, err
	}
	return sealOwned(record.Data, ends, owner), nil
}

// life is how long a record can live, however often it is touched.
func (b *Backend) life(record backends.Record) time.Duration {
	if record.MaxTTL > 0 {
		return max(record.TTL, record.MaxTTL)
	}
	return max(record.TTL, b.lifetime)
}

func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// entries returns the IDs in the index of owner.
func (b *Backend) entries(ctx context.Context, owner *subject) ([]string, error) {
	return b.store.client.ZRange(ctx, b.indexKey(owner), 0, -1).Result()
}

// prune drops the entries of owner whose records are missing. That it fails
// does no harm: the next one who looks tries again.
func (b *Backend) prune(ctx context.Context, owner *subject, missing []string) {
	for len(missing) > 0 {
		n := min(len(missing), batch)
		args := make([]any, 0, n+1)
		args = append(args, int64(grace/time.Minute))
		for _, id := range missing[:n] {
			args = append(args, id)
		}
		if _, err := b.store.run(ctx, &pruneScript, b.indexKey(owner), args...); err != nil {
			return
		}
		missing = missing[n:]
	}
}

// ListSubject implements [sessions.SubjectIndex]: one ZRANGE, and a GET and a
// PTTL for each entry, pipelined.
func (b *Backend) ListSubject(ctx context.Context, name string) ([]backends.Entry, error) {
	owner := subjectOf(name)
	ids, err := b.entries(ctx, &owner)
	if err != nil {
		return nil, err
	}
	var list []backends.Entry
	var missing []string
	for len(ids) > 0 {
		n := min(len(ids), batch)
		err := b.store.getAll(ctx, ids[:n], func(id string, value []byte, ttl time.Duration) error {
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
		ids = ids[n:]
	}
	b.prune(ctx, &owner, missing)
	return list, nil
}

// RevokeSubject implements [sessions.SubjectIndex]: one ZRANGE, and one EVALSHA
// for each entry, pipelined. An entry whose record was written in the meantime
// for another owner stays what it is.
func (b *Backend) RevokeSubject(ctx context.Context, name, except string) (int, error) {
	owner := subjectOf(name)
	ids, err := b.entries(ctx, &owner)
	if err != nil {
		return 0, err
	}
	revoked := 0
	var gone []string
	keys := make([]string, 0, min(len(ids), batch))
	for len(ids) > 0 {
		n := min(len(ids), batch)
		keys = keys[:0]
		for _, id := range ids[:n] {
			if id != except {
				keys = append(keys, b.store.key(id))
				gone = append(gone, id)
			}
		}
		more, err := b.store.runAll(ctx, &revokeScript, keys, owner.tag())
		revoked += more
		for _, key := range keys {
			b.store.changed(key)
		}
		if err != nil {
			return revoked, err
		}
		ids = ids[n:]
	}
	b.prune(ctx, &owner, gone)
	return revoked, nil
}
