package sessionstest

import (
	"time"

	"github.com/gosessions/sessions/backends"
)

// expiryRules hold for every backend.
var expiryRules = []rule{{
	name: "Expired",
	text: "After its TTL a record is absent: Read returns ErrNotFound.",
	when: ends,
	check: func(p *probe) {
		id := p.store(p.passing())
		p.expire()
		p.notFound(id, "of an expired record")
	},
}, {
	name: "ExpiredExists",
	text: "After its TTL a record is absent: Exists returns false.",
	when: ends,
	check: func(p *probe) {
		id := p.store(p.passing())
		p.expire()
		p.exists(id, false, "of an expired record")
	},
}, {
	name: "NoTTL",
	text: "Write refuses a TTL of 0 or less, and stores nothing.",
	check: func(p *probe) {
		for _, ttl := range []time.Duration{0, -1, -time.Hour} {
			id := p.newID()
			_, err := p.Write(p.ctx, id, backends.Record{Data: p.data(10), TTL: ttl})
			p.refused("Write with a TTL of "+ttl.String(), err)
			p.lacks(id, "after a Write that was refused")
		}
	},
}, {
	name: "TinyTTL",
	text: "A TTL that is shorter than the backend can measure is rounded up: it is not an error, and the record expires.",
	when: storesTTL,
	check: func(p *probe) {
		r := p.record()
		r.TTL = 1
		id := p.store(r)
		p.expire()
		p.lacks(id, "long after a TTL of a nanosecond")
	},
}, {
	name: "LongTTL",
	text: "A TTL of 400 days lasts 400 days.",
	when: storesTTL,
	check: func(p *probe) {
		r := p.record()
		r.TTL = 400 * 24 * time.Hour
		id := p.store(r)
		if p.faked() {
			p.wait(r.TTL - time.Hour)
		} else {
			p.expire()
		}
		p.holds(id, r, "of a record with a TTL of 400 days")
		p.remove(id)
	},
}, {
	name: "TTLLeft",
	text: "Read returns the remaining TTL of a record, or 0 if the backend does not know it.",
	check: func(p *probe) {
		r := p.record()
		if p.options.Lifetime > 0 {
			r.TTL = p.options.Lifetime
		}
		start := time.Now()
		id := p.store(r)
		got, err := p.Read(p.ctx, id)
		p.want("Read", err)
		if got.TTL == 0 {
			return
		}
		// The clock keeps running while a real server works.
		least := r.TTL - time.Since(start) - p.resolution()
		if got.TTL > r.TTL+p.resolution() || got.TTL < least {
			p.failf("Read returned a TTL of %v, want %v", got.TTL, r.TTL)
		}
		if !p.faked() {
			return
		}
		p.wait(r.TTL / 2)
		got, err = p.Read(p.ctx, id)
		p.want("Read after half of the TTL", err)
		if d := (got.TTL - (r.TTL - r.TTL/2)).Abs(); d > p.resolution() {
			p.failf("Read returned a TTL of %v, want %v", got.TTL, r.TTL/2)
		}
	},
}}
