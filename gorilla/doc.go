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
// value has its own key there, and if two requests change different values, both
// changes are kept. Handlers that have moved to this module can use the same
// session at the same time.
//
// # What is different
//
//   - [Store.Save] returns an error if the response has begun. The stores of gorilla
//     return nil and save nothing.
//   - Save writes only what the handler has changed since Get.
//   - The attributes of the cookie are those of the middleware. Options.MaxAge is
//     honored; the other fields of Options have no effect. A positive MaxAge ends the
//     values of the gorilla session that many seconds after its last Save, but never
//     later than the session of the middleware. A negative one removes the values and,
//     if the middleware's session holds nothing else, destroys it.
//   - Session.ID is the public ID of the middleware's session.
//
// # Values
//
// Values are encoded by encoding/gob, as in gorilla's own stores, so register their
// types with gob as you do there. Save compares what gob would give back with the
// value. If something would be lost, such as a pointer to a zero, a channel, or the
// difference between T and *T, Save returns an error that says what it is. Only
// unexported fields are dropped silently, as everywhere in Go, and an empty slice or
// map may come back as nil. Text may contain any bytes, as gothic requires.
//
// # Security
//
// A session must get a new ID when the visitor's rights change, above all at login.
// gorilla has no method for this, so [NewStore] asks for the keys of Values that
// say who the visitor is.
package gorilla
