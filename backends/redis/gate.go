package redis

import (
	"sync"
	"sync/atomic"
)

// gate counts the calls that are under way, and lets none in after it is shut.
type gate struct {
	calls atomic.Int64
	empty chan struct{}
	once  *sync.Once // closes empty
}

const shut = 1 << 62 // in gate.calls

func newGate() gate { return gate{empty: make(chan struct{}), once: new(sync.Once)} }

// enter returns how many calls are under way, with this one. If the gate is open the
// caller has to call leave.
func (g *gate) enter() (calls int64, open bool) {
	n := g.calls.Add(1)
	if n > shut {
		g.leave()
		return 0, false
	}
	return n, true
}

// hold counts something that goes on after a call that is under way may have ended.
func (g *gate) hold() { g.calls.Add(1) }

func (g *gate) leave() {
	if g.calls.Add(-1) == shut {
		g.once.Do(func() { close(g.empty) })
	}
}

// shut shuts the gate and waits until all have left.
func (g *gate) shut() {
	if g.calls.Or(shut) == 0 {
		g.once.Do(func() { close(g.empty) })
	}
	<-g.empty
}
