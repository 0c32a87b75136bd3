package explore

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// found is what was found with a client's cookies when everything was over.
type found struct {
	cookies string // whose
	request *request
	name    string // of the session to which they led at first
	values  values
}

// check returns the rule that the run broke, or "" if it broke none.
func (r *run) check(ended bool) string {
	if !ended {
		return "a request waits forever, or goes round in circles"
	}
	r.mu.Lock() // what killed threads noted last was noted under it
	defer r.mu.Unlock()
	faults := r.world.budget < r.scenario.Faults
	for _, th := range r.world.gates {
		if broken := th.tooLong(r); broken != "" && !th.dead {
			return broken
		}
	}
	for _, q := range r.requests {
		if q.circles {
			return q.name + " calls a function that was given to Update again and again"
		}
		if q.hollow && !r.endedByOthers(q) {
			return q.name + " was told of success, with a cookie for a session that was not stored at that moment"
		}
		if q.left && !faults && q.status >= 500 {
			return fmt.Sprintf("%s was answered with %d although nothing failed", q.name, q.status)
		}
	}
	all, broken := r.findAll()
	if broken != "" {
		return broken
	}
	if r.scenario.Setup.Tokens != nil {
		return r.ended(all)
	}
	stored, broken := r.records()
	if broken != "" {
		return broken
	}
	if r.scenario.Setup.Carried {
		return r.carried(all)
	}
	if r.scenario.Setup.Weak && !r.serial() {
		return r.unmixed(all)
	}
	var units []*unit
	for _, q := range r.requests {
		units = append(units, q.units...)
	}
	for i, u := range units {
		u.index = i
	}
	model := r.rules()
	model.units = units
	if !model.explain(r.first, units, func(st *state) bool { return r.accept(st, all) && r.complete(st, stored, faults) }) {
		text := "no order of the requests explains what they were told and what is found:"
		for _, u := range units {
			text += "\n    " + u.String()
		}
		for _, f := range all {
			text += fmt.Sprintf("\n    afterwards %s: %v", f.cookies, f.values)
		}
		return text
	}
	return ""
}

// endedByOthers reports whether another request may have ended the session of q
// between its commit and its answer: by a revocation, or by an eviction.
func (r *run) endedByOthers(q *request) bool {
	for _, other := range r.requests {
		for _, u := range other.units {
			newer := slices.ContainsFunc(u.effects, func(e *effect) bool { return e.kind == newID })
			if other != q && (newer || u.kind == revokeAll || u.kind == revoke || u.kind == destroy || r.scenario.Setup.Config.EvictOldest) {
				return true
			}
		}
	}
	return false
}

// rules returns what the model needs to know of the configuration.
func (r *run) rules() *modelRules {
	c := &r.scenario.Setup.Config
	rules := &modelRules{limit: c.MaxPerSubject, evict: c.EvictOldest, moved: r.source != nil}
	if r.scenario.Setup.Replays {
		rules.replay = r.first.sessions
	}
	return rules
}

// tooLong returns what is wrong with how long a thread took.
func (th *thread) tooLong(r *run) string {
	if r.scenario.Setup.Real {
		return ""
	}
	lag := time.Duration(0) // which the store caused that the request itself asked
	for _, other := range r.world.gates {
		if other.name[0] == th.name[0] {
			lag += other.lag
		}
	}
	// A load and a commit, and each of what a handler asks for besides.
	most := 4 * timeout
	for _, q := range r.requests {
		most = max(most, time.Duration(2+len(q.units))*timeout)
	}
	most += time.Second
	if took := th.ended.Sub(th.begun) - lag; took > most {
		return fmt.Sprintf("%s took %v, with a timeout of %v for a load or a commit", th.name, took, timeout)
	}
	return ""
}

// findAll tries every cookie that a client ever held.
func (r *run) findAll() (all []found, broken string) {
	try := func(cookies string, q *request, name string, j jar) {
		v, status := r.find(j)
		if status != http.StatusOK {
			broken = fmt.Sprintf("afterwards nobody can tell what %s leads to", cookies)
		}
		all = append(all, found{cookies, q, name, v})
	}
	for _, name := range []string{Main, Other} {
		try("the cookie of "+name+" leads to", nil, name, r.initial[name])
	}
	for _, q := range r.requests {
		if q.sent != nil {
			try("the cookie that "+q.name+" got leads to", q, "", q.sent)
		}
	}
	return all, broken
}

// accept reports whether st is what was found.
func (r *run) accept(st *state, all []found) bool {
	for _, name := range st.doomed {
		if s := st.find(name); s != nil && s.alive {
			return false
		}
	}
	for _, f := range all {
		h := hold{name: f.name}
		if f.request != nil {
			h = st.holds[f.request.index]
		}
		var want values
		if s := st.find(h.name); s != nil && s.alive && s.version == h.version {
			want = s.values
		}
		if !maps.Equal(want, f.values) && !(want == nil && r.replayed(f)) {
			return false
		}
	}
	// A client whose request succeeded and has a session has the session's
	// token.
	for i, q := range r.requests {
		s := st.current(i)
		if s == nil || !q.left || q.status >= 300 || q.sent != nil {
			continue
		}
		if st.holds[i].version > 0 || s.born >= born {
			return false
		}
	}
	return true
}

// replayed reports whether f is what a token leads to that is the session itself.
func (r *run) replayed(f found) bool {
	s := r.first.find(f.name)
	return r.scenario.Setup.Replays && s != nil && maps.Equal(s.values, f.values)
}

// serial reports whether no request began before the one before was over.
func (r *run) serial() bool {
	last, seen := "", map[string]bool{}
	for _, t := range r.world.taken {
		name := t.turn.Thread[:1]
		if name != last && seen[name] {
			return false
		}
		last, seen[name] = name, true
	}
	return true
}

// unmixed returns a message if a cookie leads to another client's session.
func (r *run) unmixed(all []found) string {
	for _, f := range all {
		who := f.values[nameKey]
		if f.request == nil && who != "" && who != f.name {
			return f.cookies + " a session of " + who
		}
	}
	return ""
}

// records returns how many live records each session has, and what is wrong
// with them; nil where the store cannot say.
func (r *run) records() (stored map[string]int, broken string) {
	c := &r.scenario.Setup.Config
	format := c.Format
	if format == nil {
		format = serializer.Native(serializer.JSON)
	}
	owned := 0
	stored = map[string]int{}
	visit := func(s backends.Entry) error {
		var content serializer.Content
		if err := serializer.UnpackFor(format, s.ID, s.Record.Data, &content); err != nil {
			broken = "a record cannot be read: " + err.Error()
			return nil
		}
		if content.Retired {
			// A touch may have extended the record, but never beyond its own
			// deadline.
			if left := time.Until(content.Created.Add(content.Lifetime)); min(s.Record.TTL, left) > time.Minute && content.Writes[3] > 3 { // the small ones mark other tombstones
				broken = fmt.Sprintf("the tombstone of a changed ID lives for %v", s.Record.TTL)
			}
			return nil
		}
		if content.Subject == Owner {
			owned++
		}
		stored[text(format, &content)]++
		return nil
	}
	err := backends.Walk(context.Background(), r.store, visit)
	limit := c.MaxPerSubject
	if c.EvictOldest {
		// Eviction follows the commit. A login whose answer was lost, or whose
		// process died, may leave one session too many until the next login.
		for _, q := range r.requests {
			if !q.left || verdictOfStatus(q.status) == verdictOfStatus(http.StatusServiceUnavailable) {
				limit++
			}
		}
	}
	if broken == "" && c.MaxPerSubject > 0 && owned > limit {
		broken = fmt.Sprintf("%s has %d sessions, and may have %d", Owner, owned, limit)
	}
	if err == nil && r.source != nil {
		err = backends.Walk(context.Background(), r.source, visit)
	}
	if err != nil {
		return nil, broken
	}
	return stored, broken
}

// text returns the name of the session with this content.
func text(format serializer.Format, content *serializer.Content) (name string) {
	for _, f := range content.Fields {
		if f.Key == nameKey {
			_ = format.Serializer().Unmarshal(f.Value, &name)
		}
	}
	return name
}

// complete reports whether every session of st is stored and, where nothing has
// failed, none else.
func (r *run) complete(st *state, stored map[string]int, faults bool) bool {
	if stored == nil {
		return true
	}
	alive := 0
	for _, s := range st.sessions {
		if !s.alive {
			continue
		}
		alive++
		if stored[s.name] == 0 {
			return false
		}
	}
	return faults || alive == len(stored)
}
