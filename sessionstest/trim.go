package sessionstest

import (
	"slices"
	"sync"

	"github.com/gosessions/sessions/backends"
)

// trimRules hold for a [backends.SubjectIndex].
var trimRules = []rule{{
	name: "Trim",
	text: "TrimSubject removes the records that were filed first, down to max, and returns their IDs; it removes nothing if there are no more than max.",
	check: func(p *probe) {
		subject := p.newID()
		otherRecord := p.owned(p.newID())
		other := p.store(otherRecord)
		ids := p.several(subject, 5)
		p.trims(subject, 5, "", nil)
		p.trims(subject, 3, "", ids[:2])
		p.lists(subject, ids[2:], "after TrimSubject")
		for _, id := range ids[:2] {
			p.lacks(id, "after TrimSubject")
		}
		p.trims(subject, 1, "", ids[2:4])
		p.trims(subject, 1, "", nil)
		p.trims(p.newID(), 1, "", nil)
		p.trims("", 1, "", nil)
		p.lists(subject, ids[4:], "after TrimSubject down to 1")
		p.holds(other, otherRecord, "of another subject, after TrimSubject")
	},
}, {
	name: "TrimKeeps",
	text: "TrimSubject never removes the record under the ID keep, which counts nevertheless; it does not matter if keep has no record or one of another subject.",
	check: func(p *probe) {
		subject := p.newID()
		ids := p.several(subject, 5)
		p.trims(subject, 3, ids[0], ids[1:3])
		p.lists(subject, []string{ids[0], ids[3], ids[4]}, "after TrimSubject")
		p.trims(subject, 2, p.newID(), ids[:1])
		p.trims(subject, 1, p.store(p.owned(p.newID())), ids[3:4])
		p.lists(subject, ids[4:], "after TrimSubject")
	},
}, {
	name: "TrimNoMax",
	text: "TrimSubject refuses a max of less than 1, and removes nothing.",
	check: func(p *probe) {
		subject := p.newID()
		ids := p.several(subject, 2)
		for _, max := range []int{0, -1} {
			_, err := backends.TrimSubject(p.ctx, p.Backend, subject, max, "")
			p.refused("TrimSubject without a max", err)
		}
		p.lists(subject, ids, "after a TrimSubject that was refused")
	},
}, {
	name: "TrimForgetsTheGone",
	text: "A record that has expired, was removed or now has another subject does not count for TrimSubject.",
	when: ends,
	check: func(p *probe) {
		subject, r := p.newID(), p.passing()
		r.Subject = subject
		first := p.store(p.owned(subject))
		p.store(r)
		gone := p.several(subject, 2)
		last := p.store(p.owned(subject))
		p.remove(gone[0])
		p.write(gone[1], p.owned(p.newID()))
		p.expire()
		p.trims(subject, 2, "", nil)
		p.lists(subject, []string{first, last}, "after TrimSubject")
	},
}, {
	name: "TrimTogether",
	text: "If many callers each file a record and then trim with it as keep, max records are left in the end, and each of the others is returned once.",
	check: func(p *probe) {
		for range 3 {
			const n = 8
			max := 1
			for ; max <= 3; max += 2 {
				subject := p.newID()
				var mu sync.Mutex
				var gone []string
				p.together(n, func(int) {
					id := p.store(p.owned(subject))
					removed, err := backends.TrimSubject(p.ctx, p.Backend, subject, max, id)
					p.want("TrimSubject beside others", err)
					if slices.Contains(removed, id) {
						p.failf("TrimSubject removed the record that it was to keep")
					}
					mu.Lock()
					defer mu.Unlock()
					gone = append(gone, removed...)
				})
				if got := p.count(subject); got != max {
					p.failf("%d records are left, want %d", got, max)
				}
				slices.Sort(gone)
				if distinct := len(slices.Compact(slices.Clone(gone))); len(gone) != n-max || distinct != n-max {
					p.failf("%d IDs were returned, %d different ones, want %d", len(gone), distinct, n-max)
				}
			}
		}
	},
}}

// trimSwapRules hold for a [backends.SubjectIndex] that is a [backends.Swapper].
var trimSwapRules = []rule{{
	name: "TrimPlace",
	text: "A record that is swapped for another of the same subject keeps its place; a record that gets the subject becomes the last.",
	check: func(p *probe) {
		subject := p.newID()
		anonymous := p.record()
		last := p.store(anonymous)
		own := p.owned(subject)
		first := p.store(own)
		ids := p.several(subject, 2)
		p.want("Swap", p.swap(first, own.Data, p.owned(subject)))
		p.want("Swap", p.swap(last, anonymous.Data, p.owned(subject)))
		p.trims(subject, 3, "", []string{first})
		p.trims(subject, 1, "", ids)
		p.lists(subject, []string{last}, "after TrimSubject")
	},
}, {
	name: "TrimReachesTheMoved",
	text: "After TrimSubject no more than max records are left, even if some of them moved to other IDs at the same time.",
	check: func(p *probe) {
		p.movesBeside(p.move, func(subject string) {
			_, err := backends.TrimSubject(p.ctx, p.Backend, subject, 2, "")
			p.want("TrimSubject", err)
		}, 2)
	},
}}

// trimRotateRules hold for a [backends.SubjectIndex] that is a
// [backends.Rotator].
var trimRotateRules = []rule{{
	name: "TrimReachesTheRotated",
	text: "After TrimSubject no more than max records are left, even if some of them were rotated at the same time.",
	check: func(p *probe) {
		p.movesBeside(p.rotateOnce, func(subject string) {
			_, err := backends.TrimSubject(p.ctx, p.Backend, subject, 2, "")
			p.want("TrimSubject", err)
		}, 2)
	},
}}

// several stores n records of subject, one after the other.
func (p *probe) several(subject string, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = p.store(p.owned(subject))
	}
	return ids
}

// trims records a failure unless TrimSubject removes exactly the records under
// the IDs want.
func (p *probe) trims(subject string, max int, keep string, want []string) {
	got, err := backends.TrimSubject(p.ctx, p.Backend, subject, max, keep)
	p.want("TrimSubject", err)
	want = slices.Sorted(slices.Values(want))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		p.failf("TrimSubject returned %d IDs, or others, want %d", len(got), len(want))
	}
	for _, id := range got {
		p.lacks(id, "after TrimSubject")
	}
}
