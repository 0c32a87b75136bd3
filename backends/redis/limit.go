package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/gosessions/sessions/backends"
)

// reservationLife is how long a place is reserved for a record that was never
// stored because its process was killed. A record that is stored after that
// still counts, but may exceed the limit by one.
const reservationLife = time.Minute

// reservation is a place among the records of an owner that is reserved until
// the record is stored. The zero value stands for none.
type reservation struct{ index, member string }

// reserveScript is enter, with the reservation ARGV[4] for ARGV[5] seconds, unless
// that would be more than ARGV[3] entries; then it replies {0, 0}. Behind that are,
// in pairs, IDs and scores of entries whose records are gone. Such an entry does not
// count if it has the same score still: filing the ID again changes that.
var reserveScript = newScript(now + `local members = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local scores, count = {}, 0
for i = 1, #members, 2 do
  if string.byte(members[i]) > 1 and members[i] ~= ARGV[1] then
    scores[members[i]] = tonumber(members[i + 1])
    count = count + 1
  end
end
for i = 6, #ARGV, 2 do
  if scores[ARGV[i]] == tonumber(ARGV[i + 1]) then count = count - 1 end
end
if count >= tonumber(ARGV[3]) then return {0, 0} end
redis.call('ZADD', KEYS[1], now + ARGV[5], ARGV[4])
` + enter)

// reserve is file within the record's limit: one EVALSHA. If the index is full,
// it takes a census and another EVALSHA, because the records of some entries
// may be gone.
//
// The script decides at one moment, so no more calls than the limit allows get
// a place. It counts an entry whose record is about to be stored by its
// reservation, which is released only when the record is stored or certainly
// will not be. If a census did not find the record of an entry without a
// reservation, the record is gone: if it had been filed again since, the entry
// would have another score. So no call is refused while there is room. A
// refused call has seen as many records or reservations as the limit allows,
// and all of them existed when the census began.
func (b *Backend) reserve(ctx context.Context, id string, record backends.Record, owner *subject) (filing, reservation, error) {
	place := reservation{b.indexKey(owner), string(rune(reserved)) + rand.Text() + id}
	args := []any{id, b.entryLife(record), record.SubjectLimit, place.member, seconds(reservationLife)}
	missing := args
	for range maxLooks {
		f, err := filed(b.store.run(ctx, &reserveScript, place.index, missing...))
		if err != nil || f.ends > 0 {
			return f, place, err
		}
		list, err := b.census(ctx, owner)
		if err != nil {
			return filing{}, place, err
		}
		taken := 0
		missing = slices.Clip(args)
		var gone []string
		for _, e := range list {
			switch {
			case e.id == id && e.live:
				f, err := b.file(ctx, id, record, owner) // it already has a place
				return f, reservation{}, err
			case e.id == id:
			case e.live || e.reserved:
				taken++
			default:
				missing = append(missing, e.id, score(e.score))
				gone = append(gone, e.id)
			}
		}
		if taken >= record.SubjectLimit {
			return filing{}, place, backends.ErrSubjectLimit
		}
		b.prune(ctx, owner, gone)
	}
	return filing{}, place, errRestless
}

// release removes a reservation after its write has ended with err, if the
// record is then stored or certainly not stored. A failure to release does no
// harm for longer than reservationLife.
func (b *Backend) release(ctx context.Context, place reservation, err error) {
	if place.member == "" {
		return
	}
	if err == nil || errors.Is(err, backends.ErrConflict) || errors.Is(err, backends.ErrNotFound) || errors.Is(err, backends.ErrNotApplied) {
		_ = b.store.client.ZRem(ctx, place.index, place.member).Err()
	}
}
