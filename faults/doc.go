// Package faults breaks the store of sessions while they are used, and checks
// that every promise still holds.
//
// A test builds a world: two instances of a small application over one store,
// and users who log in, write, count, change their IDs and log out, several
// requests at a time, through both instances. The users remember what they were
// told. While they work something is broken and mended again, and afterwards
// what is stored is compared with what they remember.
//
// Every test checks every invariant:
//
//	I1 no update that was acknowledged is lost
//	I2 no session that was ended comes back
//	I3 nobody sees another user's data
//	I4 a response is the handler's, or a clean 503 or 409
//	I5 a request takes no longer than its timeouts allow
//	I6 the first success comes within a second after the fault has ended
//	I7 no goroutine and no connection is left over
//	I8 the same cookie works after the outage
//	I9 there is no data race
//
// `make reliability` runs the tests at full length and writes their figures to
// docs/reliability.md; with -short, as CI runs them, faults last two seconds.
package faults
