package explore

import (
	"fmt"
	"maps"
)

// carried checks sessions that travel with their clients. No request can see
// another one's changes: each gets a token for what it found and what it did.
func (r *run) carried(all []found) string {
	for _, f := range all {
		want := values(nil)
		if f.request != nil {
			if f.request.status >= 300 {
				continue
			}
			want = f.request.alone()
		} else if s := r.first.find(f.name); s != nil {
			want = s.values
		}
		if !maps.Equal(want, f.values) {
			return fmt.Sprintf("%s %v, and should lead to %v", f.cookies, f.values, want)
		}
	}
	return ""
}

// alone returns what r leaves where nobody else changes its session.
func (r *request) alone() values {
	v := values{}
	applied := map[int]bool{}
	for _, u := range r.units {
		switch {
		case u.kind == load && u.seen != nil:
			v = maps.Clone(u.seen)
		case u.kind == destroy && u.verdict == done:
			v = values{}
		case u.kind == commit && u.verdict != not:
			for _, e := range u.effects {
				if !applied[e.id] {
					e.apply(v)
				}
				applied[e.id] = true
			}
		}
	}
	return v
}
