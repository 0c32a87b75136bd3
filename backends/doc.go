// Package backends is the contract between the session middleware and the
// stores that keep its records. It is for authors of stores, and for programs
// that decorate, inspect or operate one; handlers need only package
// [github.com/gosessions/sessions].
//
// # Writing a backend
//
// Implement the four methods of [Backend]. They make a working store; a map and
// a mutex are enough. Then add what your store can do well, in this order:
//
//  1. [Swapper]: compare and swap. With it no update is lost, and a session that
//     was destroyed never comes back. It is worth it in every store.
//  2. [Describer]: what is wrong with the backend's configuration, whether it
//     answers from this process, how large a record may be.
//  3. [SubjectIndex]: list and revoke the sessions of one owner, for "your
//     devices" and "log out everywhere".
//  4. [Toucher]: extend a record's life without rewriting it. It makes an idle
//     timeout cheap.
//  5. [Rotator]: retire one record and create another in one atomic step. It
//     saves a round trip at login.
//  6. [Sweeper] and [Walker]: for stores that do not expire records by
//     themselves, and for operators.
//
// [FreshReader], [Binder] and [Minter] are for special cases: a cache in front of
// the store, a backend that depends on the middleware's configuration, a store
// that another framework shares.
//
// Test all of it with package
// [github.com/gosessions/sessions/sessionstest], which states each rule as a
// sentence and checks only the abilities that the backend has.
//
// # Calling a backend
//
// For each ability there is a function of the same name, such as [Swap], which
// calls the method if the backend has it, falls back to something weaker or
// returns [errors.ErrUnsupported]. Always call these functions: they see through
// [Intercept], which decorates a backend without hiding its abilities. [Abilities]
// lists what a backend can do.
package backends
