package sessionstest

import (
	"time"

	"github.com/gosessions/sessions/backends"
)

// touchRules hold for a [backends.Toucher].
var touchRules = []rule{{
	name: "TouchExtends",
	text: "Touch makes a record live for the TTL it is given, counted from now: longer than before.",
	check: func(p *probe) {
		for range 3 {
			r := p.passing()
			if !p.faked() {
				r.TTL = max(r.TTL, time.Second)
			}
			start := time.Now()
			id := p.store(r)
			if p.faked() {
				p.wait(r.TTL / 2)
			}
			newID, err := p.touch(id, long)
			if !p.faked() && time.Since(start) > r.TTL/2 {
				continue // this machine is too slow to tell
			}
			p.want("Touch", err)
			if p.options.Lifetime > 0 {
				p.wait(r.TTL * 3 / 4)
			} else {
				p.wait(r.TTL + p.resolution())
			}
			p.holds(newID, r, "after Touch, when the former TTL is over")
			return
		}
	},
}, {
	name: "TouchShortens",
	text: "Touch makes a record live for the TTL it is given, counted from now: shorter than before.",
	when: ends,
	check: func(p *probe) {
		id, err := p.touch(p.store(p.record()), p.brief())
		p.want("Touch", err)
		p.expire()
		p.lacks(id, "after Touch, when its TTL is over")
	},
}, {
	name: "TouchKeepsData",
	text: "Touch changes nothing but the TTL.",
	check: func(p *probe) {
		r := p.record()
		id, err := p.touch(p.store(r), 2*long)
		p.want("Touch", err)
		p.holds(id, r, "after Touch")
	},
}, {
	name: "TouchAbsent",
	text: "Touch of an absent record returns ErrNotFound and creates none.",
	check: func(p *probe) {
		id := p.newID()
		_, err := p.touch(id, long)
		p.want("Touch of an absent record", err, backends.ErrNotFound)
		p.lacks(id, "after Touch of an absent record")
	},
}, {
	name: "TouchExpired",
	text: "Touch of an expired record returns ErrNotFound and does not bring it back.",
	when: ends,
	check: func(p *probe) {
		id := p.store(p.passing())
		p.expire()
		_, err := p.touch(id, long)
		p.want("Touch of an expired record", err, backends.ErrNotFound)
		p.lacks(id, "after Touch of an expired record")
	},
}, {
	name: "TouchNoTTL",
	text: "Touch refuses a TTL of 0 or less, and changes nothing.",
	check: func(p *probe) {
		r := p.record()
		id := p.store(r)
		for _, ttl := range []time.Duration{0, -1, -time.Hour} {
			_, err := p.touch(id, ttl)
			p.refused("Touch with a TTL of "+ttl.String(), err)
		}
		p.holds(id, r, "after a Touch that was refused")
	},
}}

func (p *probe) touch(id string, ttl time.Duration) (string, error) {
	return backends.Touch(p.ctx, p.Backend, id, ttl)
}
