package sessionstest

import (
	"errors"
	"sync/atomic"

	"github.com/gosessions/sessions/backends"
)

// limitRules hold for a [backends.SubjectIndex].
var limitRules = []rule{{
	name: "Limit",
	text: "Write returns ErrSubjectLimit and changes nothing if it would file a record under a subject that has SubjectLimit records; a record that is the subject's already is written.",
	check: func(p *probe) {
		subject := p.newID()
		ids := []string{p.store(p.limited(subject, 2)), p.store(p.limited(subject, 2))}
		id, other, r := p.newID(), p.newID(), p.record()
		p.refuses("Write of one too many", second(p.Write(p.ctx, id, p.limited(subject, 2))))
		p.lacks(id, "after a Write that was refused")
		p.write(other, r)
		p.refuses("Write that gives a record a subject that has enough", second(p.Write(p.ctx, other, p.limited(subject, 2))))
		p.holds(other, r, "after a Write that was refused")
		p.lists(subject, ids, "after writes that were refused")
		for _, limit := range []int{2, 1} {
			r = p.limited(subject, limit)
			p.write(ids[0], r)
			p.holds(ids[0], r, "after Write over a record of a subject that has enough")
		}
		p.store(p.limited(p.newID(), 2))
		ids = append(ids, p.store(p.limited(subject, 3)), p.store(p.owned(subject)))
		p.lists(subject, ids, "after a Write with a higher limit and one with none")
	},
}, {
	name: "LimitForgetsTheGone",
	text: "A record that was removed or now has another subject no longer counts for SubjectLimit.",
	check: func(p *probe) {
		subject := p.newID()
		for range 3 {
			id := p.store(p.limited(subject, 1))
			p.remove(id)
			id = p.store(p.limited(subject, 1))
			p.write(id, p.owned(p.newID()))
			id = p.store(p.limited(subject, 1))
			p.write(id, p.record())
		}
		p.lists(subject, nil, "when all are gone")
	},
}, {
	name: "LimitForgetsTheExpired",
	text: "A record that has expired does not count for SubjectLimit, even if it is written again.",
	when: ends,
	check: func(p *probe) {
		subject, r := p.newID(), p.passing()
		r.Subject, r.SubjectLimit = subject, 1
		expired := p.store(r)
		p.expire()
		id := p.store(p.limited(subject, 1))
		p.lists(subject, []string{id}, "after one of two records expired")
		p.refuses("Write over an expired record of a subject that has enough", second(p.Write(p.ctx, expired, p.limited(subject, 1))))
		p.lacks(expired, "of an expired record, after a Write that was refused")
	},
}, {
	name: "LimitTogether",
	text: "Of many writes at once that file records under one subject exactly SubjectLimit succeed.",
	check: func(p *probe) {
		p.atLimit(func(r backends.Record) error { return second(p.Write(p.ctx, p.newID(), r)) })
	},
}}

// limitSwapRules hold for a [backends.SubjectIndex] that is a [backends.Swapper].
var limitSwapRules = []rule{{
	name: "LimitSwap",
	text: "Swap returns ErrSubjectLimit and changes nothing if it would file a record, new or not, under a subject that has SubjectLimit records; one that is the subject's already is swapped.",
	check: func(p *probe) {
		subject := p.newID()
		own := p.limited(subject, 2)
		id := p.store(own)
		ids := []string{id, p.store(p.limited(subject, 2))}
		created, r := p.newID(), p.record()
		other := p.store(r)
		p.refuses("Swap that creates one too many", p.swap(created, nil, p.limited(subject, 2)))
		p.lacks(created, "after a Swap that was refused")
		p.refuses("Swap that gives a record a subject that has enough", p.swap(other, r.Data, p.limited(subject, 2)))
		p.holds(other, r, "after a Swap that was refused")
		p.lists(subject, ids, "after swaps that were refused")
		for _, limit := range []int{2, 1} {
			next := p.limited(subject, limit)
			next.TTL += long // some indexes have to be told of that
			next.MaxTTL = next.TTL
			p.want("Swap of a record of a subject that has enough", p.swap(id, own.Data, next))
			own = next
		}
		p.want("Swap that removes", p.swap(id, own.Data, backends.Record{}))
		p.want("Swap when there is room again", p.swap(created, nil, p.limited(subject, 2)))
	},
}, {
	name: "LimitSwapTogether",
	text: "Of many swaps at once that give a record, new or not, to one subject, exactly SubjectLimit succeed.",
	check: func(p *probe) {
		var n atomic.Int32
		p.atLimit(func(r backends.Record) error {
			if n.Add(1)%2 == 0 {
				return p.swap(p.newID(), nil, r)
			}
			anonymous := p.record()
			return p.swap(p.store(anonymous), anonymous.Data, r)
		})
	},
}}

// limitRotateRules hold for a [backends.SubjectIndex] that is a
// [backends.Rotator].
var limitRotateRules = []rule{{
	name: "LimitRotate",
	text: "Rotate returns ErrSubjectLimit and changes nothing if it would give the new record to another subject that has SubjectLimit records; within one subject it may always rotate.",
	check: func(p *probe) {
		subject := p.newID()
		own := p.limited(subject, 2)
		id := p.store(own)
		ids := []string{id, p.store(p.limited(subject, 2))}
		r, newID := p.record(), p.newID()
		anonymous := p.store(r)
		p.refuses("Rotate that gives a subject one too many", p.rotate(anonymous, r.Data, p.record(), newID, p.limited(subject, 2)))
		p.holds(anonymous, r, "of the old ID after a Rotate that was refused")
		p.lacks(newID, "of the new ID after a Rotate that was refused")
		p.lists(subject, ids, "after a Rotate that was refused")
		for _, limit := range []int{2, 1} {
			next, nextID := p.limited(subject, limit), p.newID()
			p.want("Rotate within a subject that has enough", p.rotate(id, own.Data, p.record(), nextID, next))
			id, own = nextID, next
		}
		p.want("Rotate when there is room", p.rotate(anonymous, r.Data, p.record(), newID, p.limited(subject, 3)))
		p.lists(subject, []string{id, ids[1], newID}, "after rotations")
	},
}, {
	name: "LimitRotateTogether",
	text: "Of many rotations at once that give the new record to one subject exactly SubjectLimit succeed.",
	check: func(p *probe) {
		p.atLimit(func(r backends.Record) error {
			anonymous := p.record()
			return p.rotate(p.store(anonymous), anonymous.Data, p.record(), p.newID(), r)
		})
	},
}}

// limited returns a record to be stored that belongs to subject, with a limit.
func (p *probe) limited(subject string, limit int) backends.Record {
	r := p.owned(subject)
	r.SubjectLimit = limit
	return r
}

func second(_ string, err error) error { return err }

// refuses records a failure unless err is ErrSubjectLimit.
func (p *probe) refuses(what string, err error) { p.want(what, err, backends.ErrSubjectLimit) }

// atLimit stores more records of one subject at once than its limit allows.
func (p *probe) atLimit(store func(backends.Record) error) {
	const n, limit = 10, 3
	for range 3 {
		subject := p.newID()
		var stored atomic.Int32
		p.together(n, func(int) {
			err := store(p.limited(subject, limit))
			if err == nil {
				stored.Add(1)
			} else if !errors.Is(err, backends.ErrSubjectLimit) {
				p.failf("at once with others it returned the error %q, want none or ErrSubjectLimit", err)
			}
		})
		if got := stored.Load(); got != limit {
			p.failf("%d of %d succeeded, want %d", got, n, limit)
		}
		if got := p.count(subject); got != limit {
			p.failf("the subject has %d records then, want %d", got, limit)
		}
	}
}

// count returns how many records subject has.
func (p *probe) count(subject string) int {
	list, err := backends.ListSubject(p.ctx, p.Backend, subject)
	p.want("ListSubject", err)
	return len(list)
}
