// Package gorilla is a store for github.com/gorilla/sessions over this module's
// middleware. Handlers that use gorilla/sessions, and libraries that ask for one of
// its stores, such as gothic of github.com/markbates/goth, work unchanged:
//
//	mw, err := sessions.New(backend, nil) // of this module
//	store := gorilla.NewStore([]any{"user"}, nil)
//	gothic.Store = store
//	http.ListenAndServe(addr, mw.Handler(mux))
//
// All gorilla sessions of a visitor, whatever their names, are in the one session
// of the middleware. So they share its cookie, its backend and its promises: each
// value has a key of its own there, and two requests that change different values
// both keep their changes. Handlers that have moved to this module use the same
// session beside them.
//
// # What is different
//
//   - [Store.Save] returns an error if the response has begun. The stores of gorilla
//     return nil and save nothing.
//   - Save writes only what the handler has changed since Get.
//   - The attributes of the cookie are those of the middleware. Options.MaxAge is
//     honored, the other fields of Options have no effect. A MaxAge of more than 0 ends
//     the values of that name so many seconds after the last Save, but never later than
//     the session itself. A negative one removes them, and if nothing else is in the
//     session, destroys it.
//   - Session.ID is the public ID of the middleware's session.
//
// # Values
//
// Values are encoded by encoding/gob, as in gorilla's own stores, and register their
// types with gob as there. Save compares what gob would give back with the value. If
// something would be lost, such as a pointer to a zero, a channel, or the difference
// between T and *T, Save returns an error that says what it is. Only unexported
// fields are dropped silently, as everywhere in Go, and an empty slice or map may
// come back as nil. Text may contain any bytes, as gothic needs it.
//
// # Security
//
// A session must get a new ID when the visitor's rights change, above all at login.
// gorilla has no method for it, so [NewStore] asks for the keys of Values that say
// who the visitor is.
package gorilla
