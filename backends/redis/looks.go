package redis

import "errors"

// looks is the memory of a call that looks at an index and at the records of
// its entries repeatedly, because records change their IDs meanwhile. The index
// and the records are in different slots, so no operation on both is atomic.
//
// Nevertheless the call does not lose track of a record that changes its ID
// from X to Y. The entry of Y is made before the record of Y, and the record of
// Y before the record of X is swapped for a tombstone. An entry is removed only
// if it is old and its record is missing. So:
//
//   - A look finds every record that existed when it read the index, except one that changed its ID before its turn came. Then X is missing at its turn.
//   - Y may be missing at the same look too, if its turn came before its record was stored. At the next look the record exists.
//   - So if everything that a look misses was also missing at an earlier look, a record can have escaped it only to a Y whose entry was made after that look read the index: X was about to be stored at the earlier look, and was stored and swapped since. The next reading of the index shows the entry of Y.
//
// A look is therefore complete if nothing is missing that was not missing at the
// last one, and no entry is new at the reading after it; or if nothing is missing at
// all.
type looks struct {
	seen, missing map[string]float64 // scores by ID
}

// maxLooks bounds how often a call looks before it gives up, having lost the
// race against changes of IDs each time.
const maxLooks = 100

var errRestless = errors.New("redis: the subject's records change faster than they can be followed: try again")

func newLooks() looks {
	return looks{make(map[string]float64), make(map[string]float64)}
}

// anyNew takes note of the entries that an index has now, and reports whether one is
// new.
func (l *looks) anyNew(list []entry) bool {
	found := false
	for _, e := range list {
		found = add(l.seen, e) || found
	}
	return found
}

// misses takes note that the record of e is missing, and reports whether it was not
// at the last look.
func (l *looks) misses(e entry) bool { return add(l.missing, e) }

// finds takes note that the record of e is there.
func (l *looks) finds(e entry) { delete(l.missing, e.id) }

func has(scores map[string]float64, e entry) bool {
	score, known := scores[e.id]
	return known && score == e.score
}

// add reports whether e was not in scores.
func add(scores map[string]float64, e entry) bool {
	known := has(scores, e)
	scores[e.id] = e.score
	return !known
}
