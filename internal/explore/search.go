package explore

import "slices"

// choice is one way to go on: a thread takes its step, with or without a fault.
type choice struct {
	thread int
	fault  Fault
	step   Step
}

// same reports whether a and b are the same choice at the same point of a run.
func (a *choice) same(b *choice) bool { return a.thread == b.thread && a.fault == b.fault }

// independent reports whether it makes no difference which of a and b, which are
// possible at the same point, comes first.
func (a *choice) independent(b *choice) bool {
	switch {
	case a.thread == b.thread, a.fault != None && b.fault != None: // there may be room for one fault only
		return false
	case a.fault.stops() || b.fault.stops():
		return false
	}
	return !(a.step.Store == b.step.Store &&
		(meet(a.step.Writes, b.step.Writes) || meet(a.step.Writes, b.step.Reads) || meet(a.step.Reads, b.step.Writes)))
}

// meet reports whether two lists of IDs have one in common.
func meet(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	if slices.Contains(a, All) || slices.Contains(b, All) {
		return true
	}
	for _, id := range a {
		if slices.Contains(b, id) {
			return true
		}
	}
	return false
}

// search is a depth-first walk over all schedules. It starts every run from the
// beginning: a run is repeated up to its last choice, which is then another one.
//
// With reduce it leaves out orders that differ only in steps that are
// independent, by sleep sets (Godefroid, Partial-Order Methods, 1996): after a
// choice was tried in a state, it need not be tried again later in a run from
// there until a step that depends on it was taken.
type search struct {
	reduce bool
	nodes  []*node
	depth  int
	broken bool // a run did not repeat itself
}

// node is a state in which there is a choice.
type node struct {
	choices []choice
	current int
	tried   []choice // before current
	sleep   []choice // need not be tried here
}

// choose returns the index of the choice to take, and -1 where an earlier run
// has seen all that can come from here.
func (s *search) choose(choices []choice) int {
	if s.depth < len(s.nodes) {
		n := s.nodes[s.depth]
		s.depth++
		if !slices.EqualFunc(n.choices, choices, func(a, b choice) bool { return a.same(&b) }) {
			s.broken = true
			return -1
		}
		n.choices = choices // IDs are others in each run
		return n.current
	}
	n := &node{choices: choices, current: -1}
	if s.reduce && s.depth > 0 {
		n.sleep = s.nodes[s.depth-1].asleep()
	}
	if !n.next() {
		return -1
	}
	s.nodes = append(s.nodes, n)
	s.depth++
	return n.current
}

// asleep returns what need not be tried after the current choice.
func (n *node) asleep() []choice {
	now := &n.choices[n.current]
	var sleep []choice
	for _, list := range [][]choice{n.sleep, n.tried} {
		for i := range list {
			if list[i].independent(now) {
				sleep = append(sleep, list[i])
			}
		}
	}
	return sleep
}

// next moves to the next choice worth trying.
func (n *node) next() bool {
	if n.current >= 0 {
		n.tried = append(n.tried, n.choices[n.current])
	}
	for n.current++; n.current < len(n.choices); n.current++ {
		if !slices.ContainsFunc(n.sleep, func(c choice) bool { return c.same(&n.choices[n.current]) }) {
			return true
		}
	}
	return false
}

// advance goes back to the last choice that has an alternative, and reports
// whether there is one: whether another run is to come.
func (s *search) advance() bool {
	s.depth = 0
	for len(s.nodes) > 0 {
		if s.nodes[len(s.nodes)-1].next() {
			return true
		}
		s.nodes = s.nodes[:len(s.nodes)-1]
	}
	return false
}

// shorten gives up the alternatives to choices after the first n.
func (s *search) shorten(n int) {
	s.nodes = s.nodes[:min(n, len(s.nodes))]
}
