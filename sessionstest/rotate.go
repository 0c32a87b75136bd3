package sessionstest

import (
	"fmt"
	"sync/atomic"

	"github.com/gosessions/sessions/backends"
)

// rotateRules hold for a [backends.Rotator].
var rotateRules = []rule{{
	name: "Rotate",
	text: "Rotate puts the tombstone under the old ID and the new record under the new one.",
	check: func(p *probe) {
		r, tombstone, next, newID := p.record(), p.record(), p.record(), p.newID()
		id := p.store(r)
		p.want("Rotate", p.rotate(id, r.Data, tombstone, newID, next))
		p.holds(id, tombstone, "of the old ID after Rotate")
		p.holds(newID, next, "of the new ID after Rotate")
	},
}, {
	name: "RotateRemoves",
	text: "Rotate with tombstone.Data nil removes what is under the old ID.",
	check: func(p *probe) {
		r, next, newID := p.record(), p.record(), p.newID()
		id := p.store(r)
		p.want("Rotate without a tombstone", p.rotate(id, r.Data, backends.Record{}, newID, next))
		p.lacks(id, "of the old ID after Rotate without a tombstone")
		p.holds(newID, next, "of the new ID after Rotate without a tombstone")
	},
}, {
	name: "RotateConflict",
	text: "Rotate returns ErrConflict and changes nothing if other data is stored under the old ID.",
	check: func(p *probe) {
		r, newID := p.record(), p.newID()
		id := p.store(r)
		p.want("Rotate of other data than is stored", p.rotate(id, p.data(40), p.record(), newID, p.record()), backends.ErrConflict)
		p.holds(id, r, "of the old ID after a conflict")
		p.lacks(newID, "of the new ID after a conflict")
	},
}, {
	name: "RotateTaken",
	text: "Rotate returns ErrConflict and changes nothing if something is stored under the new ID.",
	check: func(p *probe) {
		r, taken := p.record(), p.record()
		id, newID := p.store(r), p.store(taken)
		p.want("Rotate to an ID that is taken", p.rotate(id, r.Data, p.record(), newID, p.record()), backends.ErrConflict)
		p.holds(id, r, "of the old ID after a conflict")
		p.holds(newID, taken, "of the new ID after a conflict")
		p.want("Rotate to the same ID", p.rotate(id, r.Data, p.record(), id, p.record()), backends.ErrConflict)
		p.holds(id, r, "after Rotate to the same ID")
	},
}, {
	name: "RotateAbsent",
	text: "Rotate returns ErrNotFound and stores nothing if nothing is stored under the old ID.",
	check: func(p *probe) {
		id, newID := p.newID(), p.newID()
		p.want("Rotate of an absent record", p.rotate(id, p.data(40), p.record(), newID, p.record()), backends.ErrNotFound)
		p.lacks(id, "of the old ID after Rotate of an absent record")
		p.lacks(newID, "of the new ID after Rotate of an absent record")
	},
}, {
	name: "RotateExpired",
	text: "An expired record is absent for Rotate: it is not retired, and its ID is free.",
	when: ends,
	check: func(p *probe) {
		passing, r, next := p.passing(), p.record(), p.record()
		id, newID := p.store(passing), p.newID()
		id2, newID2 := p.store(r), p.store(p.passing())
		p.expire()
		p.want("Rotate of an expired record", p.rotate(id, passing.Data, p.record(), newID, p.record()), backends.ErrNotFound)
		p.lacks(newID, "of the new ID after Rotate of an expired record")
		p.want("Rotate to the ID of an expired record", p.rotate(id2, r.Data, p.record(), newID2, next))
		p.holds(newID2, next, "of the new ID after Rotate in place of an expired record")
	},
}, {
	name: "RotateTTL",
	text: "Rotate gives both records their TTLs, and changes nothing if one of them is 0 or less.",
	when: ends,
	check: func(p *probe) {
		r, newID := p.record(), p.newID()
		id := p.store(r)
		p.refused("Rotate with a tombstone that has no TTL", p.rotate(id, r.Data, backends.Record{Data: p.data(40)}, newID, p.record()))
		p.refused("Rotate to a record that has no TTL", p.rotate(id, r.Data, p.record(), newID, backends.Record{Data: p.data(40)}))
		p.holds(id, r, "of the old ID after a Rotate that was refused")
		p.lacks(newID, "of the new ID after a Rotate that was refused")
		next := p.record()
		p.want("Rotate with a brief tombstone", p.rotate(id, r.Data, p.passing(), newID, next))
		last := p.newID()
		p.want("Rotate to a brief record", p.rotate(newID, next.Data, p.record(), last, p.passing()))
		p.expire()
		p.lacks(id, "of a tombstone whose TTL is over")
		p.lacks(last, "of the new ID, when its TTL is over")
	},
}, {
	name: "RotateOneWins",
	text: "Of several rotations of the same record exactly one succeeds, and the others store nothing.",
	check: func(p *probe) {
		for range 3 {
			const n = 6
			r := p.record()
			id := p.store(r)
			var newIDs [n]string
			var records [n]backends.Record
			for i := range n {
				newIDs[i], records[i] = p.newID(), p.record()
			}
			var won [n]bool
			var wins atomic.Int32
			p.together(n, func(i int) {
				err := p.rotate(id, r.Data, p.record(), newIDs[i], records[i])
				if won[i] = err == nil; won[i] {
					wins.Add(1)
				} else {
					p.want("Rotate that lost", err, backends.ErrConflict)
				}
			})
			if w := wins.Load(); w != 1 {
				p.failf("%d of %d rotations of the same record succeeded, want exactly 1", w, n)
			}
			for i, newID := range newIDs {
				if won[i] {
					p.holds(newID, records[i], "of the new ID after the rotation that won")
				} else {
					p.lacks(newID, fmt.Sprintf("of the new ID after rotation %d, which lost", i))
				}
			}
		}
	},
}}

func (p *probe) rotate(id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
	return backends.Rotate(p.ctx, p.Backend, id, old, tombstone, newID, new)
}
