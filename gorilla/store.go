package gorilla

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	gorilla "github.com/gorilla/sessions"

	"github.com/gosessions/sessions"
)

// Options configure a [Store]. Nil and the zero value mean the defaults.
type Options struct {
	// Session are the options that every session starts with, as the field Options
	// of gorilla's own stores. Only MaxAge has an effect.
	Session gorilla.Options

	// Old is the store that the handlers used before, with its keys and options. A
	// session that is found there is returned by New, and moves with the first Save,
	// which deletes its old cookie. Leave Old out once the last of its sessions has
	// expired: until then a copy of an old cookie of a CookieStore logs in, even
	// after a logout.
	Old gorilla.Store

	// Middleware is the middleware whose session is used, if several are nested.
	// Nil means the innermost one.
	Middleware *sessions.Middleware
}

// Store is a [gorilla.Store] that keeps sessions in the session of this module's
// middleware, which must wrap the handlers. Create it with [NewStore]. It is safe for
// concurrent use; the sessions that it returns are not, like all of gorilla's.
type Store struct {
	identity []any
	options  Options
	states   states
}

var _ gorilla.Store = (*Store)(nil)

// NewStore returns a store. Nil options mean the defaults.
//
// identity are the keys of Values that say who the visitor is, such as "user". If
// Save changes or removes a value under one of them, or a negative MaxAge does, the
// session gets a new ID. Pass nil only if the handlers keep no such value, or call
// RegenerateID of the middleware's session at each login. Otherwise someone who has
// planted a session's cookie in a victim's browser is logged in when the victim
// logs in.
func NewStore(identity []any, options *Options) *Store {
	s := &Store{identity: slices.Clone(identity)}
	if options != nil {
		s.options = *options
	}
	return s
}

// Get returns the session of the given name, the same for every call within a
// request. It returns the errors of [Store.New].
func (s *Store) Get(r *http.Request, name string) (*gorilla.Session, error) {
	return gorilla.GetRegistry(r).Get(s, name)
}

// New returns the session of the given name as it is now, even if Get has returned
// it before. If New returns an error, the session is either new and empty, or lacks
// the values that could not be decoded. An empty one cannot be saved: Save returns
// the same error. Values that could not be decoded are left alone.
//
// Outside the middleware the error is [sessions.ErrNoMiddleware]. If the backend
// fails, it is the error of [sessions.Load].
func (s *Store) New(r *http.Request, name string) (*gorilla.Session, error) {
	session := gorilla.NewSession(s, name)
	options := s.options.Session
	session.Options = &options
	session.IsNew = true
	state := s.states.set(session, new(sessionState))
	inner, err := s.load(r.Context())
	if err == nil {
		err = checkName(name)
	}
	if err != nil {
		state.err = err
		return session, err
	}
	if state.fields, state.stale, err = read(inner, name); err != nil {
		state.err = err
		return session, err
	}
	for i := range state.fields {
		f := &state.fields[i]
		var value any
		if value, f.err = f.decode(); f.err != nil {
			err = errors.Join(err, f.err)
			continue
		}
		session.Values[f.key] = value
	}
	switch {
	case len(state.fields) > 0:
		session.IsNew = false
		session.ID = inner.PublicID()
	case s.options.Old != nil && len(state.stale) == 0:
		if state.old, state.err = findOld(s.options.Old, r, name); state.err != nil {
			return session, state.err
		}
		if state.old != nil {
			session.IsNew = false
			session.Values = state.old.Values
		}
	}
	return session, err
}

// Save stores what was changed in session since [Store.New], or removes it if
// session.Options.MaxAge is negative. The changes are in the backend when Save
// returns nil. If a value cannot be stored, nothing is.
//
// Errors are those of [sessions.Session.Save] and [sessions.Session.Destroy], and
// errors that say what is wrong with a value. Changes that the backend did not
// accept are tried again when the response begins, unless its status is an error.
func (s *Store) Save(r *http.Request, w http.ResponseWriter, session *gorilla.Session) error {
	if session == nil {
		return errors.New("gorilla: Save: the session is nil")
	}
	name := session.Name()
	if err := checkName(name); err != nil {
		return err
	}
	inner, err := s.load(r.Context())
	if err != nil {
		return err
	}
	state := s.states.get(session)
	switch {
	case state == nil: // it was not made by this store: it replaces what is stored
		state = s.states.set(session, new(sessionState))
		if state.fields, state.stale, err = read(inner, name); err != nil {
			return err
		}
	case state.err != nil:
		return fmt.Errorf("gorilla: the session cannot be saved, because it could not be loaded: %w", state.err)
	}
	if session.Options != nil && session.Options.MaxAge < 0 {
		state.fields, state.stale = nil, nil
		return errors.Join(s.end(r.Context(), inner, name), state.removeOld(r, w))
	}
	changes, err := state.changes(name, session.Values)
	if err != nil {
		return err
	}
	if err := s.apply(inner, changes); err != nil {
		return err
	}
	state.applied(changes)
	if err := setDeadline(inner, name, session.Options); err != nil {
		return err
	}
	if err := inner.Save(r.Context()); err != nil {
		return err
	}
	return state.removeOld(r, w)
}

// load returns the middleware's session.
func (s *Store) load(ctx context.Context) (*sessions.Session, error) {
	if s.options.Middleware != nil {
		return s.options.Middleware.Load(ctx)
	}
	return sessions.Load(ctx)
}

// apply makes the changes in the middleware's session.
func (s *Store) apply(inner *sessions.Session, changes []change) error {
	regenerate := false
	for _, c := range changes {
		var err error
		if c.remove {
			err = inner.Delete(c.name)
		} else {
			err = inner.Set(c.name, c.data)
		}
		if err != nil {
			return err
		}
		regenerate = regenerate || slices.Contains(s.identity, c.key)
	}
	if regenerate {
		return inner.RegenerateID()
	}
	return nil
}

// end removes everything under name, and the middleware's session if nothing else is
// in it.
func (s *Store) end(ctx context.Context, inner *sessions.Session, name string) error {
	live, stale, err := read(inner, name)
	if err != nil {
		return err
	}
	var changes []change
	for _, f := range slices.Concat(live, stale) {
		changes = append(changes, change{field: f, remove: true})
	}
	if err := s.apply(inner, changes); err != nil {
		return err
	}
	if err := inner.Delete(deadlineName(name)); err != nil {
		return err
	}
	if inner.Len() == 0 && inner.Subject() == "" && !inner.IsNew() {
		return inner.Destroy(ctx)
	}
	return inner.Save(ctx)
}

// read returns the fields under name. If their time is over, they are stale.
func read(inner *sessions.Session, name string) (live, stale []field, err error) {
	for _, key := range inner.Keys() {
		f, ok := fieldOf(key, name)
		if !ok {
			continue
		}
		if _, err := inner.Decode(key, &f.data); err != nil {
			return nil, nil, err
		}
		live = append(live, f)
	}
	var ends int64
	found, err := inner.Decode(deadlineName(name), &ends)
	switch {
	case err != nil:
		return nil, nil, err
	case found && time.Now().Unix() >= ends:
		return nil, live, nil
	}
	return live, nil, nil
}

// setDeadline stores until when the values under name may be read, if the options
// limit that.
func setDeadline(inner *sessions.Session, name string, options *gorilla.Options) error {
	if options == nil || options.MaxAge == 0 {
		return inner.Delete(deadlineName(name))
	}
	return inner.Set(deadlineName(name), time.Now().Unix()+int64(options.MaxAge))
}
