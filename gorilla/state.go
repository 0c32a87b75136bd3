package gorilla

import (
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"weak"

	gorilla "github.com/gorilla/sessions"
)

// sessionState is what a store knows about a session that it has returned.
type sessionState struct {
	err    error            // why it could not be loaded
	fields []field          // what was stored under its name
	stale  []field          // what was stored and is too old
	old    *gorilla.Session // where the values came from, if that is Options.Old
}

// states finds the state of a session for as long as the program holds the session.
// A gorilla.Session has no room for it: its fields belong to the handlers, and its
// registry forgets which store made it.
type states struct {
	m sync.Map // weak.Pointer[gorilla.Session] to *sessionState
}

func (s *states) set(session *gorilla.Session, state *sessionState) *sessionState {
	key := weak.Make(session)
	s.m.Store(key, state)
	runtime.AddCleanup(session, func(key weak.Pointer[gorilla.Session]) { s.m.Delete(key) }, key)
	return state
}

// get returns nil for a session that the store does not know.
func (s *states) get(session *gorilla.Session) *sessionState {
	state, ok := s.m.Load(weak.Make(session))
	if !ok {
		return nil
	}
	return state.(*sessionState)
}

// change is a field to set or to remove.
type change struct {
	field
	remove bool
}

// changes returns what turns the stored fields into values. A value that is what was
// loaded is not written again, so that it does not overwrite the change of another
// request.
func (s *sessionState) changes(name string, values map[any]any) ([]change, error) {
	var changes []change
	kept := make(map[string]bool) // names of fields
	stored := make(map[any]field)
	for _, f := range s.fields {
		if f.err != nil {
			kept[f.name] = true // it could not be decoded: it is left alone
		}
		if f.key != nil {
			stored[f.key] = f
		}
	}
	for key, value := range values {
		f, known := stored[key]
		if !known {
			var err error
			if f, err = newField(name, key); err != nil {
				return nil, err
			}
		}
		kept[f.name] = true
		if known && f.err == nil {
			if old, err := f.decode(); err == nil && reflect.DeepEqual(old, value) {
				continue
			}
		}
		data, err := encode(value)
		if err != nil {
			return nil, err
		}
		f.data, f.err = data, nil
		changes = append(changes, change{field: f})
	}
	for _, fields := range [][]field{s.fields, s.stale} {
		for _, f := range fields {
			if !kept[f.name] {
				changes = append(changes, change{field: f, remove: true})
			}
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return strings.Compare(a.name, b.name) })
	return changes, nil
}

// applied notes changes as stored.
func (s *sessionState) applied(changes []change) {
	byName := make(map[string]field)
	for _, f := range s.fields {
		byName[f.name] = f
	}
	for _, c := range changes {
		if c.remove {
			delete(byName, c.name)
		} else {
			byName[c.name] = c.field
		}
	}
	s.fields, s.stale = s.fields[:0:0], nil
	for _, f := range byName {
		s.fields = append(s.fields, f)
	}
}
