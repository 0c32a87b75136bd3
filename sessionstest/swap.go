package sessionstest

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/gosessions/sessions/backends"
)

// absent are the errors for an absent record. A backend that cannot distinguish
// an absent record from a different one returns ErrConflict.
var absent = []error{backends.ErrNotFound, backends.ErrConflict}

// swapRules hold for a [backends.Swapper].
var swapRules = []rule{{
	name: "SwapReplaces",
	text: "Swap stores the new record if the data stored equals old.",
	check: func(p *probe) {
		r, next := p.record(), p.record()
		id := p.store(r)
		p.want("Swap", p.swap(id, r.Data, next))
		p.holds(id, next, "after Swap")
	},
}, {
	name: "SwapConflict",
	text: "Swap returns ErrConflict and changes nothing if the data stored differs from old, even by one byte or only in length.",
	check: func(p *probe) {
		for _, size := range []int{40, p.atMost(100_000)} {
			r := backends.Record{Data: p.data(size), TTL: long}
			id := p.store(r)
			flipped := bytes.Clone(r.Data)
			flipped[len(flipped)-1] ^= 1
			for _, old := range [][]byte{
				flipped, r.Data[:len(r.Data)-1], append(bytes.Clone(r.Data), 0), append(bytes.Clone(r.Data), ' '), p.data(size),
			} {
				p.want("Swap with other data than is stored", p.swap(id, old, p.record()), backends.ErrConflict)
				p.holds(id, r, "after a conflict")
			}
		}
	},
}, {
	name: "SwapAbsent",
	text: "Swap of a record that is absent or was removed returns ErrNotFound (or ErrConflict), and never brings it back.",
	check: func(p *probe) {
		r := p.record()
		id := p.newID()
		p.want("Swap of an absent record", p.swap(id, r.Data, p.record()), absent...)
		p.lacks(id, "after Swap of an absent record")
		id = p.store(r)
		p.remove(id)
		p.want("Swap of a removed record", p.swap(id, r.Data, p.record()), absent...)
		p.lacks(id, "after Swap of a removed record")
	},
}, {
	name: "SwapCreates",
	text: "Swap with old nil stores the record if nothing is stored.",
	check: func(p *probe) {
		id, r := p.newID(), p.record()
		p.want("Swap that creates", p.swap(id, nil, r))
		p.holds(id, r, "after Swap that creates")
	},
}, {
	name: "SwapCreatesOnly",
	text: "Swap with old nil returns ErrConflict and changes nothing if a record is stored, even one with the same data.",
	check: func(p *probe) {
		r := p.record()
		id := p.store(r)
		p.want("Swap that creates what exists", p.swap(id, nil, p.record()), backends.ErrConflict)
		p.holds(id, r, "after a conflict")
		p.want("Swap that creates what exists with the same data", p.swap(id, nil, r), backends.ErrConflict)
	},
}, {
	name: "SwapRemoves",
	text: "Swap with new.Data nil removes the record if the data stored equals old, and otherwise returns ErrConflict and keeps it.",
	check: func(p *probe) {
		r := p.record()
		id := p.store(r)
		p.want("Swap that removes other data than is stored", p.swap(id, p.data(40), backends.Record{}), backends.ErrConflict)
		p.holds(id, r, "after a conflict")
		p.want("Swap that removes", p.swap(id, r.Data, backends.Record{}))
		p.lacks(id, "after Swap that removes")
		p.want("Swap that removes what is removed", p.swap(id, r.Data, backends.Record{}), absent...)
	},
}, {
	name: "SwapOneWins",
	text: "Of several swaps that start from the same data exactly one succeeds, and its record is stored; the others return ErrConflict.",
	check: func(p *probe) {
		for range 3 {
			r := p.record()
			id := p.store(r)
			p.oneWins("Swap", id, r.Data, backends.ErrConflict)
		}
	},
}, {
	name: "SwapOneCreates",
	text: "Of several swaps that create the same record exactly one succeeds, and its record is stored; the others return ErrConflict.",
	check: func(p *probe) {
		for range 3 {
			p.oneWins("Swap that creates", p.newID(), nil, backends.ErrConflict)
		}
	},
}, {
	name: "SwapAfterRemove",
	text: "After Remove, no swap that ran at the same time has left a record.",
	check: func(p *probe) {
		for range 5 {
			id := p.store(p.record())
			swapping := make(chan struct{})
			begin := sync.OnceFunc(func() { close(swapping) })
			p.together(4, func(i int) {
				if i == 0 {
					<-swapping
					p.remove(id)
					return
				}
				for range 100 {
					now, err := p.Read(p.ctx, id)
					if err == nil {
						p.swap(id, now.Data, p.record())
					}
					begin()
					if err != nil {
						return
					}
				}
			})
			p.lacks(id, "after Remove beside swaps")
		}
	},
}, {
	name: "SwapExpired",
	text: "An expired record is absent for Swap: it is not replaced, and does not prevent creating a new one.",
	when: ends,
	check: func(p *probe) {
		r, next := p.passing(), p.record()
		id, id2 := p.store(r), p.store(r)
		p.expire()
		p.want("Swap of an expired record", p.swap(id, r.Data, p.record()), absent...)
		p.lacks(id, "after Swap of an expired record")
		p.want("Swap that creates in place of an expired record", p.swap(id2, nil, next))
		p.holds(id2, next, "after Swap in place of an expired record")
	},
}, {
	name: "SwapTTL",
	text: "Swap gives the record its new TTL, and refuses one of 0 or less.",
	when: ends,
	check: func(p *probe) {
		r := p.record()
		id, created := p.store(r), p.newID()
		p.refused("Swap with a TTL of 0", p.swap(id, r.Data, backends.Record{Data: p.data(40)}))
		p.refused("Swap that creates with a TTL of -1", p.swap(created, nil, backends.Record{Data: p.data(40), TTL: -1}))
		p.holds(id, r, "after a Swap that was refused")
		p.lacks(created, "after a Swap that was refused")
		p.want("Swap", p.swap(id, r.Data, p.passing()))
		p.want("Swap that creates", p.swap(created, nil, p.passing()))
		p.expire()
		p.lacks(id, "after Swap to a brief TTL, when that is over")
		p.lacks(created, "after Swap that creates with a brief TTL, when that is over")
	},
}}

// oneWins runs several competing swaps, each from old to a different record.
func (p *probe) oneWins(what, id string, old []byte, otherwise ...error) {
	const n = 6
	var records [n]backends.Record
	var winners atomic.Int32
	var winner atomic.Int32
	for i := range records {
		records[i] = p.record()
	}
	p.together(n, func(i int) {
		err := p.swap(id, old, records[i])
		if err == nil {
			winners.Add(1)
			winner.Store(int32(i))
			return
		}
		p.want(what+" that lost", err, otherwise...)
	})
	if w := winners.Load(); w != 1 {
		p.failf("%d of %d calls of %s succeeded, want exactly 1", w, n, what)
	}
	p.holds(id, records[winner.Load()], "after "+what+" by several at once")
}
