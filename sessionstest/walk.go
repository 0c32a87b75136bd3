package sessionstest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/gosessions/sessions/backends"
)

// sweepRules hold for a [backends.Sweeper].
var sweepRules = []rule{{
	name: "SweepKeepsTheLiving",
	text: "Sweep deletes only expired records.",
	when: ends,
	check: func(p *probe) {
		living := make(map[string]backends.Record)
		for range 20 {
			r := p.record()
			living[p.store(r)] = r
			p.store(p.passing())
		}
		p.expire()
		n, err := backends.Sweep(p.ctx, p.Backend)
		if p.want("Sweep", err); n < 0 {
			p.failf("Sweep returned %d", n)
		}
		for id, r := range living {
			p.holds(id, r, "after Sweep")
		}
	},
}, {
	name: "SweepTogether",
	text: "Several sweeps may run at once, together with reads and writes.",
	when: ends,
	check: func(p *probe) {
		for range 20 {
			p.store(p.passing())
		}
		p.expire()
		p.together(6, func(i int) {
			if i < 3 {
				_, err := backends.Sweep(p.ctx, p.Backend)
				p.want("Sweep beside others", err)
				return
			}
			r := p.record()
			p.holds(p.store(r), r, "beside Sweep")
		})
	},
}}

// walkRules hold for a [backends.Walker].
var walkRules = []rule{{
	name: "Walk",
	text: "Walk visits every live record, with its ID and its data.",
	check: func(p *probe) {
		stored := make(map[string]backends.Record)
		for range 20 {
			r := p.record()
			stored[p.store(r)] = r
		}
		visited := 0
		err := backends.Walk(p.ctx, p.Backend, func(s backends.Entry) error {
			if r, ok := stored[s.ID]; ok {
				if !bytes.Equal(s.Record.Data, r.Data) {
					p.failf("Walk visited %s, want %s", show(s.Record.Data), show(r.Data))
				}
				delete(stored, s.ID)
				visited++
			}
			return nil
		})
		p.want("Walk", err)
		if len(stored) > 0 {
			p.failf("Walk visited %d of 20 records", visited)
		}
	},
}, {
	name: "WalkSkipsTheDead",
	text: "Walk visits no record that has expired or was removed.",
	when: ends,
	check: func(p *probe) {
		dead := []string{p.store(p.passing()), p.store(p.record())}
		p.remove(dead[1])
		p.expire()
		err := backends.Walk(p.ctx, p.Backend, func(s backends.Entry) error {
			if i := slices.Index(dead, s.ID); i >= 0 {
				p.failf("Walk visited a record that %s", []string{"has expired", "was removed"}[i])
			}
			return nil
		})
		p.want("Walk", err)
	},
}, {
	name: "WalkStops",
	text: "If visit returns an error, Walk stops and returns it.",
	check: func(p *probe) {
		for range 3 {
			p.store(p.record())
		}
		visited, enough := 0, errors.New("enough")
		err := backends.Walk(p.ctx, p.Backend, func(backends.Entry) error {
			visited++
			return fmt.Errorf("visit: %w", enough)
		})
		p.want("Walk whose visit returned an error", err, enough)
		if visited != 1 {
			p.failf("Walk called visit %d times, want once, for it returned an error", visited)
		}
	},
}}
