package explore

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// values is what a session holds, as text, with its owner under ownerKey and its
// flash messages under flashKey. nil stands for no session.
type values map[string]string

const (
	nameKey  = "who" // under which every session has its own name
	ownerKey = "(owner)"
	flashKey = "(flashes)"
)

func (v values) String() string {
	if v == nil {
		return "no session"
	}
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(v)) {
		parts = append(parts, key+"="+v[key])
	}
	return "{" + strings.Join(parts, " ") + "}"
}

// effect is a change that a request asked for.
type effect struct {
	kind  effectKind
	key   string
	value string
	id    int // the same where one change is saved again
}

type effectKind uint8

const (
	setValue effectKind = iota
	deleteValue
	clearValues
	increment
	takeValue // fails unless the value is there
	addFlash
	bindOwner
	newID
)

// apply carries e out on v and reports whether that is possible.
func (e *effect) apply(v values) bool {
	switch e.kind {
	case setValue:
		v[e.key] = e.value
	case deleteValue:
		delete(v, e.key)
	case clearValues:
		owner := v[ownerKey]
		clear(v)
		if owner != "" {
			v[ownerKey] = owner
		}
	case increment:
		n, _ := strconv.Atoi(v[e.key])
		v[e.key] = strconv.Itoa(n + 1)
	case takeValue:
		if v[e.key] != e.value {
			return false
		}
		delete(v, e.key)
	case addFlash:
		list := strings.Fields(v[flashKey] + " " + e.value)
		slices.Sort(list)
		v[flashKey] = strings.Join(list, " ")
	case bindOwner:
		if e.value == "" {
			delete(v, ownerKey)
		} else {
			v[ownerKey] = e.value
		}
	}
	return true
}

// repeatable reports whether doing e a second time, after others have made
// changes, is as good as leaving that out.
func (e *effect) repeatable() bool {
	return e.kind == setValue || e.kind == deleteValue || e.kind == clearValues || e.kind == bindOwner
}

func (e *effect) String() string {
	switch e.kind {
	case setValue:
		return "set " + e.key + "=" + e.value
	case deleteValue:
		return "delete " + e.key
	case clearValues:
		return "clear"
	case increment:
		return "increment " + e.key
	case takeValue:
		return "take " + e.key + "=" + e.value
	case addFlash:
		return "flash " + e.value
	case bindOwner:
		return "bind to " + e.value
	}
	return "new ID"
}

// verdict is what a request was told about a unit.
type verdict uint8

const (
	maybe verdict = iota // an error that leaves it open, or no answer
	done
	not
)

func (v verdict) String() string { return [...]string{"unknown", "done", "refused"}[v] }

// unit is what a request asks for at one moment, all or nothing.
type unit struct {
	request *request
	kind    unitKind
	after   []*unit // come before it in the same request
	verdict verdict

	seen    values    // load: what was found, nil for no session
	effects []*effect // commit
	name    string    // commit: of the session that it creates if there is none; revoke: the session's
	owner   string    // revokeAll, revokeOthers
	keep    bool      // revokeAll: spare the request's own session
	said    bool      // revoke: that there was one
	index   int
}

type unitKind uint8

const (
	load unitKind = iota
	commit
	transact
	destroy
	revoke
	revokeAll
)

func (u *unit) String() string {
	text := u.request.name + ": "
	switch u.kind {
	case load:
		return text + "load finds " + u.seen.String()
	case commit, transact:
		var list []string
		for _, e := range u.effects {
			list = append(list, e.String())
		}
		text += map[unitKind]string{commit: "save", transact: "transact"}[u.kind] + " [" + strings.Join(list, ", ") + "]"
	case destroy:
		text += "destroy"
	case revoke:
		text += fmt.Sprintf("revoke %s (found: %v)", u.name, u.said)
	case revokeAll:
		text += "revoke all of " + u.owner
		if u.keep {
			text += " but its own session"
		}
	}
	return text + ": " + u.verdict.String()
}
