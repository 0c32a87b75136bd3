// Package backends defines the contract between the session middleware and the
// stores that keep its records. Read it to write a store, or to decorate,
// inspect or operate one. Handlers need only package
// [github.com/gosessions/sessions].
//
// # Writing a backend
//
// Implement the four methods of [Backend]. They make a working store; a map and
// a mutex are enough. Then add the optional interfaces that suit your store, in
// this order:
//
//  1. [Swapper] compares and swaps. With it no update is lost, and a destroyed
//     session never comes back. Every store should have it.
//  2. [Describer] says what is wrong with the backend's configuration, whether it
//     answers from this process, and how large a record may be.
//  3. [SubjectIndex] lists and revokes the sessions of one owner, for "your
//     devices" and "log out everywhere".
//  4. [Toucher] extends a record's life without rewriting it. It makes an idle
//     timeout cheap.
//  5. [Rotator] retires one record and creates another in one atomic step. It
//     saves a round trip at login.
//  6. [Sweeper] and [Walker] are for stores that do not expire records by
//     themselves, and for operators.
//
// [FreshReader], [Binder], [Minter] and [Revoker] are for special cases: a cache
// in front of the store, a backend that depends on the middleware's
// configuration, a store that is shared with another framework, and a stateless
// backend that can end sessions.
//
// The example of this package is a complete store with the four methods, Swap and
// Describe. Test yours as it does, with package
// [github.com/gosessions/sessions/sessionstest]: it states each rule of the
// contract as a sentence, and checks those for the abilities that the backend
// has. Package [github.com/gosessions/sessions/backends/sql] shows the same in
// SQL. Package [github.com/gosessions/sessions/backends/memory] implements every
// ability of a server-side store and is the reference for all rules.
//
// # Calling a backend
//
// Each ability has a function of the same name, such as [Swap]. It calls the
// method if the backend has it; otherwise it falls back to something weaker or
// returns [errors.ErrUnsupported]. Call these functions and never the methods:
// the functions see through [Intercept], which decorates a backend without
// hiding its abilities. [Abilities] lists the abilities of a backend.
package backends
