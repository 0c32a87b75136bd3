package sessionstest

import "github.com/gosessions/sessions/backends"

// movingRules hold for a [backends.SubjectIndex] that is a [backends.Swapper].
var movingRules = []rule{{
	name: "RevokeReachesTheMoved",
	text: "After RevokeSubject none of the records that existed when it began is left, even if one moved at the same time: stored under another ID, and then swapped for a tombstone.",
	check: func(p *probe) {
		p.movesBeside(p.move, func(subject string) {
			_, err := backends.RevokeSubject(p.ctx, p.Backend, subject, "")
			p.want("RevokeSubject", err)
		}, 0)
	},
}}

// movingRotateRules hold for a [backends.SubjectIndex] that is a
// [backends.Rotator].
var movingRotateRules = []rule{{
	name: "RevokeReachesTheRotated",
	text: "After RevokeSubject none of the records that existed when it began is left, even if one was rotated at the same time.",
	check: func(p *probe) {
		p.movesBeside(p.rotateOnce, func(subject string) {
			_, err := backends.RevokeSubject(p.ctx, p.Backend, subject, "")
			p.want("RevokeSubject", err)
		}, 0)
	},
}, {
	name: "RevokeSparesOneID",
	text: "RevokeSubject spares the ID except, but not the record that descends by rotation from the one that was stored there.",
	check: func(p *probe) {
		subject := p.newID()
		r := p.owned(subject)
		id, newID, tombstone := p.store(r), p.newID(), p.record()
		p.want("Rotate", p.rotate(id, r.Data, tombstone, newID, p.owned(subject)))
		p.revokes(subject, id, 1)
		p.lacks(newID, "of the new ID after RevokeSubject that spares the old one")
		p.holds(id, tombstone, "of a tombstone after RevokeSubject")
	},
}}

// movesBeside lets each of three records of a subject move again and again while
// end runs, and once more afterwards. end has to leave no more than most of them.
func (p *probe) movesBeside(move func(subject, id string, old []byte) (string, []byte, bool), end func(subject string), most int) {
	for range 5 {
		subject := p.newID()
		var ids [3]string
		var data [3][]byte
		for i := range ids {
			r := p.owned(subject)
			ids[i], data[i] = p.store(r), r.Data
		}
		over := make(chan struct{})
		p.together(len(ids)+1, func(i int) {
			if i == len(ids) {
				end(subject)
				close(over)
				return
			}
			id, old, lives := ids[i], data[i], true
			for n := 0; lives && n < 30; n++ {
				id, old, lives = move(subject, id, old)
			}
			if <-over; lives {
				move(subject, id, old)
			}
		})
		if got := p.count(subject); got > most {
			p.failf("%d records are left, want at most %d", got, most)
		}
	}
}

// move moves a record as a caller does if the backend cannot rotate. If the
// record was removed meanwhile, it removes the new one again.
func (p *probe) move(subject, id string, old []byte) (string, []byte, bool) {
	next, newID := p.owned(subject), p.newID()
	if err := p.swap(newID, nil, next); err != nil {
		p.want("Swap that creates", err)
		return "", nil, false
	}
	if err := p.swap(id, old, p.record()); err != nil {
		p.want("Swap of a record that moves", err, absent...)
		p.Remove(p.ctx, newID)
		return "", nil, false
	}
	return newID, next.Data, true
}

// rotateOnce is like move, in one step.
func (p *probe) rotateOnce(subject, id string, old []byte) (string, []byte, bool) {
	next, newID := p.owned(subject), p.newID()
	if err := p.rotate(id, old, p.record(), newID, next); err != nil {
		p.want("Rotate of a record that may be ended", err, absent...)
		return "", nil, false
	}
	return newID, next.Data, true
}
