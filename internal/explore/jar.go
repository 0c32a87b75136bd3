package explore

import (
	"maps"
	"net/http"
)

// jar is the cookies of one client, by name. A name can have several values, if
// someone has planted cookies.
type jar map[string][]string

// send adds the cookies to r.
func (j jar) send(r *http.Request) {
	for name, list := range j {
		for _, value := range list {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
}

// keep takes over what a response sets and deletes, and returns what it sets.
func (j jar) keep(cookies []*http.Cookie) (sent jar) {
	for _, c := range cookies {
		if c.MaxAge < 0 {
			delete(j, c.Name)
			continue
		}
		j[c.Name] = []string{c.Value}
		sent = jar{c.Name: {c.Value}}
	}
	return sent
}

// and returns the cookies of both.
func (j jar) and(other jar) jar {
	both := maps.Clone(j)
	if both == nil {
		both = jar{}
	}
	for name, list := range other {
		both[name] = append(both[name][:len(both[name]):len(both[name])], list...)
	}
	return both
}
