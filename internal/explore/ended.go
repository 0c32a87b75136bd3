package explore

import (
	"fmt"
	"maps"
	"slices"
)

// A line is the tokens that end together: those of a session until it gets a new
// ID. Its name is the session's, and for each new ID the request that asked for it.
type line string

// lines says of each line whether it has to have ended, or may have.
type lines struct {
	must, may map[line]bool
	held      []line // by request, when it was over; "": none
	rebound   []bool // by request: it gave its session an owner
}

// end notes what a request was told about the end of l.
func (ls *lines) end(l line, v verdict) {
	switch {
	case l == "" || v == not:
	case v == done:
		ls.must[l] = true
	default:
		ls.may[l] = true
	}
}

// linesOf follows what the requests were told.
func (r *run) linesOf() *lines {
	ls := &lines{must: map[line]bool{}, may: map[line]bool{}}
	own := map[*unit]line{} // which line a revocation spares
	for _, q := range r.requests {
		l, rebound := line(""), false
		for _, u := range q.units {
			bind := slices.ContainsFunc(u.effects, func(e *effect) bool { return e.kind == bindOwner })
			renew := slices.ContainsFunc(u.effects, func(e *effect) bool { return e.kind == newID })
			switch {
			case u.kind == load && u.seen != nil:
				l = line(u.seen[nameKey])
			case u.kind == destroy:
				ls.end(l, u.verdict)
				l = ""
			case u.kind == revokeAll && u.keep:
				own[u] = l
			case u.kind == commit && u.verdict != not && len(u.effects) > 0:
				rebound = rebound || bind
				if l == "" {
					l = line(u.name)
				} else if renew {
					ls.end(l, u.verdict)
					l += line("/" + q.name)
				}
			}
		}
		ls.held, ls.rebound = append(ls.held, l), append(ls.rebound, rebound)
	}
	for _, q := range r.requests {
		for _, u := range q.units {
			if u.kind == revokeAll && u.owner != "" {
				ls.revoke(r, u, own[u])
			}
		}
	}
	return ls
}

// revoke notes the end of the lines of an owner. A line that got its owner, or its
// ID, at the same time may have ended with them.
func (ls *lines) revoke(r *run, u *unit, spared line) {
	for _, s := range r.first.sessions {
		if s.values[ownerKey] != u.owner {
			continue
		}
		first := line(s.name)
		if first != spared {
			ls.end(first, u.verdict)
		}
		for i := range r.requests {
			if l := ls.held[i]; l == first+line("/"+r.requests[i].name) && l != spared {
				if first == spared || ls.rebound[i] {
					ls.end(l, maybe)
				} else {
					ls.end(l, u.verdict)
				}
			}
		}
	}
	for i, l := range ls.held {
		if ls.rebound[i] {
			ls.end(l, maybe)
		}
	}
}

// ended checks sessions that travel with their clients and of which a store says
// which have ended. A token leads to what its request left in it, unless its line
// has ended, and never if the client was told so.
func (r *run) ended(all []found) string {
	ls := r.linesOf()
	for _, f := range all {
		l, want := line(f.name), values(nil)
		if f.request != nil {
			if f.request.status >= 300 {
				continue
			}
			l, want = ls.held[f.request.index], f.request.alone()
		} else if s := r.first.find(f.name); s != nil {
			want = s.values
		}
		switch {
		case ls.must[l] && len(f.values) > 0:
			return fmt.Sprintf("%s %v, and this session was ended", f.cookies, f.values)
		case ls.must[l], ls.may[l] && len(f.values) == 0:
		case !maps.Equal(want, f.values):
			return fmt.Sprintf("%s %v, and should lead to %v", f.cookies, f.values, want)
		}
	}
	return ""
}
