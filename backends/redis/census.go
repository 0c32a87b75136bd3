package redis

import (
	"context"
	"slices"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// entry is an entry of an index, with what is known about its record.
type entry struct {
	id    string
	score float64

	reserved bool   // a call is about to store it, within a limit
	doomed   bool   // a call has decided to remove it
	live     bool   // it is stored and belongs to the owner
	since    uint64 // when it was filed, if it is live
}

// nonceSize is the length of the nonce that distinguishes reservations of one
// ID.
const nonceSize = 26

// entries returns the entries in the index of owner: one ZRANGE.
func (b *Backend) entries(ctx context.Context, owner *subject) ([]entry, error) {
	members, err := b.store.client.ZRangeWithScores(ctx, b.indexKey(owner), 0, -1).Result()
	return parseIndex(members), err
}

// census returns the entries in the index of owner, at one moment, and what is
// stored for each of them, a little later.
func (b *Backend) census(ctx context.Context, owner *subject) ([]entry, error) {
	list, err := b.entries(ctx, owner)
	if err != nil {
		return nil, err
	}
	return list, b.inspect(ctx, owner, list)
}

// parseIndex turns the members of an index into entries.
func parseIndex(members []goredis.Z) []entry {
	var list []entry
	places := make(map[string]bool) // by ID
	type judged struct {
		id    string
		score float64
	}
	verdicts := make(map[judged]bool)
	for _, m := range members {
		name, _ := m.Member.(string)
		switch {
		case name == "":
		case name[0] == reserved && len(name) > 1+nonceSize:
			places[name[1+nonceSize:]] = true
		case name[0] == verdict:
			text, id, _ := strings.Cut(name[1:], " ")
			if score, err := strconv.ParseFloat(text, 64); err == nil {
				verdicts[judged{id, score}] = true
			}
		case name[0] > verdict:
			list = append(list, entry{id: name, score: m.Score})
		}
	}
	for i := range list {
		e := &list[i]
		e.reserved = places[e.id]
		e.doomed = verdicts[judged{e.id, e.score}]
	}
	return list
}

// inspect looks at what is stored for the entries in list: one GETRANGE for each,
// pipelined.
func (b *Backend) inspect(ctx context.Context, owner *subject, list []entry) error {
	for part := range slices.Chunk(list, batch) {
		pipe := b.store.client.Pipeline()
		heads := make([]*goredis.StringCmd, len(part))
		for i, e := range part {
			heads[i] = pipe.GetRange(ctx, b.store.key(e.id), 0, headSize-1)
		}
		exec(ctx, pipe)
		for i := range part {
			head, err := heads[i].Bytes()
			if err != nil {
				return err
			}
			if part[i].live = belongs(head, owner); part[i].live {
				part[i].since = sinceOf(head)
			}
		}
	}
	return nil
}

// score formats a score for a script, without loss.
func score(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
