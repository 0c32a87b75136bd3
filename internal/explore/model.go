package explore

import (
	"maps"
	"slices"
)

// The model is sessions as they would be if requests ran one after the other: a
// map of sessions, each with its values and with a number that says how often
// its ID was changed.

// session is a session of the model.
type session struct {
	name    string
	alive   bool
	version int // how often the ID was changed
	born    int // older ones first
	values  values
}

// state is the model at one moment.
type state struct {
	sessions []session // never changed in place
	holds    []hold    // by request
	applied  []int     // IDs of effects
	doomed   []string  // sessions that have to be ended when all is over
	done     uint64    // units, by index
}

// hold is the session that a request works with.
type hold struct {
	name    string // "": none
	version int
}

// rules are what differs between configurations.
type modelRules struct {
	limit int // sessions of one owner; 0: none
	evict bool
	units []*unit // of all requests

	// moved says that the sessions had other public IDs before they were imported.
	moved bool

	// replay is what the tokens of sessions lead to that travel with the client,
	// whatever happened since; nil where a store keeps the sessions.
	replay []session
}

func (st *state) find(name string) *session {
	for i := range st.sessions {
		if st.sessions[i].name == name {
			return &st.sessions[i]
		}
	}
	return nil
}

// with returns a copy in which s replaces the session of its name.
func (st state) with(s session) state {
	st.sessions = slices.Clone(st.sessions)
	if old := st.find(s.name); old != nil {
		*old = s
	} else {
		st.sessions = append(st.sessions, s)
	}
	return st
}

// holding returns a copy in which request i works with h.
func (st state) holding(i int, h hold) state {
	st.holds = slices.Clone(st.holds)
	st.holds[i] = h
	return st
}

// kill returns a copy in which the sessions that which names are ended.
func (st state) kill(which func(*session) bool) state {
	st.sessions = slices.Clone(st.sessions)
	for i := range st.sessions {
		if which(&st.sessions[i]) {
			st.sessions[i].alive = false
		}
	}
	return st
}

// current returns the session that request i works with, if it can still
// change it.
func (st *state) current(i int) *session {
	h := st.holds[i]
	s := st.find(h.name)
	if s == nil || !s.alive || s.version != h.version {
		return nil
	}
	return s
}

// after returns the states that there can be after u happened in st. There is
// none if it could not happen as it was told.
func (r *modelRules) after(st state, u *unit) []state {
	switch u.kind {
	case load:
		return r.afterLoad(st, u)
	case commit, transact:
		return r.afterCommit(st, u)
	case destroy:
		return r.afterDestroy(st, u)
	case revoke:
		return r.afterRevoke(st, u)
	}
	return afterRevokeAll(st, u)
}

func (r *modelRules) afterLoad(st state, u *unit) []state {
	i := u.request.index
	carries := u.request.program.Carries
	several := len(carries) > 1 // the middleware may refuse to choose
	name := ""
	if len(carries) > 0 {
		name = carries[len(carries)-1]
	}
	s := st.find(name)
	valid := s != nil && s.alive && s.version == 0
	switch {
	case u.seen == nil && (!valid || several):
		return []state{st.holding(i, hold{})}
	case u.seen != nil && valid && maps.Equal(s.values, u.seen):
		return []state{st.holding(i, hold{name: name})}
	}
	for _, s := range r.replay {
		if s.name == name && maps.Equal(s.values, u.seen) {
			return []state{st.with(s).holding(i, hold{name: name})}
		}
	}
	return nil
}

func (r *modelRules) afterCommit(st state, u *unit) []state {
	if len(u.effects) == 0 {
		return []state{st}
	}
	var list []state
	if u.verdict != done {
		list = append(list, st)
	}
	if u.verdict == not {
		// The answer that the session has ended is also right if it ended just
		// after the change was stored: only a request that read it in between
		// can see the difference.
		for _, st := range r.apply(st, u, true) {
			st.doomed = append(slices.Clip(st.doomed), st.holds[u.request.index].name)
			list = append(list, st)
		}
		return list
	}
	repeated := false
	for _, e := range u.effects {
		repeated = repeated || slices.Contains(st.applied, e.id)
	}
	list = append(list, r.apply(st, u, true)...)
	if repeated {
		list = append(list, r.apply(st, u, false)...)
	}
	return list
}

// apply returns the states after the effects of u. Those that were applied
// before are applied again only if again says so and that does no harm.
func (r *modelRules) apply(st state, u *unit, again bool) []state {
	i := u.request.index
	s := session{name: u.name, alive: true, born: born + i, values: values{}}
	if old := st.current(i); old != nil {
		s = *old
		s.values = maps.Clone(old.values)
	} else if u.kind == transact || st.holds[i].name != "" || st.find(u.name) != nil {
		return nil // what it worked with has ended
	}
	isNew := st.current(i) == nil
	owner := s.values[ownerKey]
	applied := slices.Clip(st.applied)
	for _, e := range u.effects {
		if slices.Contains(st.applied, e.id) && !(again && e.repeatable()) {
			continue
		}
		if !e.apply(s.values) {
			return nil
		}
		if e.kind == newID && !isNew {
			s.version++
		}
		applied = append(applied, e.id)
	}
	if len(s.values) == 0 {
		return []state{st} // nothing to store
	}
	st = st.with(s).holding(i, hold{name: s.name, version: s.version})
	st.applied = applied
	if to := s.values[ownerKey]; to != "" && to != owner && r.endsAtOnce(u, to) {
		// A revocation or an eviction is not a single moment: it may end a session
		// that gets its owner while it is under way.
		dead := st.kill(func(x *session) bool { return x.name == s.name })
		if r.limit > 0 {
			return append(r.filed(st, u, to, s.name), dead)
		}
		return []state{st, dead}
	}
	if to := s.values[ownerKey]; r.limit > 0 && to != "" && to != owner {
		return r.filed(st, u, to, s.name)
	}
	return []state{st}
}

// endsAtOnce reports whether another request of the run revokes owner's sessions,
// or evicts one for the sake of its own.
func (r *modelRules) endsAtOnce(u *unit, owner string) bool {
	return slices.ContainsFunc(r.units, func(other *unit) bool {
		return other.request != u.request && (other.kind == revokeAll && other.owner == owner ||
			r.evict && other.kind == commit && slices.ContainsFunc(other.effects, func(e *effect) bool { return e.kind == bindOwner && e.value == owner }))
	})
}

// filed returns the states in which the limit is kept after newest got its owner.
func (r *modelRules) filed(st state, u *unit, owner, newest string) []state {
	list := r.within(st, owner, newest)
	if r.evict && u.verdict == maybe {
		list = append(list, st) // it was stored, and the eviction failed
	}
	return list
}

// born is the age of the first session that a request creates.
const born = 1000

// within returns the states in which owner has no more sessions than allowed, for
// the sake of the one called newest.
func (r *modelRules) within(st state, owner, newest string) []state {
	var others []session
	for _, s := range st.sessions {
		if s.alive && s.values[ownerKey] == owner && s.name != newest {
			others = append(others, s)
		}
	}
	if len(others) < r.limit {
		return []state{st}
	}
	if !r.evict {
		return nil
	}
	first := slices.MinFunc(others, func(a, b session) int { return min(a.born, born) - min(b.born, born) })
	var list []state
	for _, s := range others {
		if min(s.born, born) == min(first.born, born) { // who came in the same second is as old
			less := st.kill(func(x *session) bool { return x.name == s.name })
			list = append(list, r.within(less, owner, newest)...)
		}
	}
	return list
}

func (r *modelRules) afterDestroy(st state, u *unit) []state {
	i := u.request.index
	var list []state
	if u.verdict != done {
		list = append(list, st)
	}
	if u.verdict != not {
		h := st.holds[i]
		gone := st.kill(func(s *session) bool {
			return s.name == h.name || h.name == "" && slices.Contains(u.request.program.Carries, s.name)
		})
		list = append(list, gone.holding(i, hold{}))
	}
	return list
}

func (r *modelRules) afterRevoke(st state, u *unit) []state {
	s := st.find(u.name)
	is := func(x *session) bool { return x.name == u.name }
	switch {
	case u.verdict == not:
		return []state{st}
	case u.verdict == maybe:
		return []state{st, st.kill(is)}
	case u.said:
		return []state{st.kill(is)}
	case !r.moved && s.alive && s.version == 0 && s.values[ownerKey] == u.owner:
		return nil // it was there
	}
	return []state{st}
}

func afterRevokeAll(st state, u *unit) []state {
	if u.verdict == not || u.owner == "" {
		return []state{st}
	}
	own := st.holds[u.request.index]
	list := []state{st}
	for _, s := range st.sessions {
		if !s.alive || s.values[ownerKey] != u.owner {
			continue
		}
		spared := u.keep && s.name == own.name && s.version == own.version
		open := u.verdict == maybe || u.keep && s.name == own.name // its ID was changed by another request
		var next []state
		for _, st := range list {
			if spared || open {
				next = append(next, st)
			}
			if !spared {
				next = append(next, st.kill(func(x *session) bool { return x.name == s.name }))
			}
		}
		list = next
	}
	return list
}

// explain looks for an order of units, each after those that come before it in
// its request, that starts in st and ends in a state that accept takes.
func (r *modelRules) explain(st state, units []*unit, accept func(*state) bool) bool {
	if st.done == 1<<len(units)-1 {
		return accept(&st)
	}
	for i, u := range units {
		if st.done&(1<<i) != 0 || slices.ContainsFunc(u.after, func(b *unit) bool { return st.done&(1<<b.index) == 0 }) {
			continue
		}
		for _, next := range r.after(st, u) {
			next.done |= 1 << i
			if r.explain(next, units, accept) {
				return true
			}
		}
	}
	return false
}
