package sessions

import (
	"context"
	"time"
)

// Record is a stored session: opaque data, how long it has left to live, and
// whose it is.
type Record struct {
	// Data is never empty. Neither side changes it after handing it over.
	Data []byte

	// TTL is how long the record lives. It is more than 0 when it is
	// written; when it is read it is what is left, 0 where the backend does
	// not know.
	TTL time.Duration

	// MaxTTL is how long the record may live however often it is touched; 0
	// or less than TTL means TTL. It matters when a record is written, to a
	// backend that keeps something beside it, such as an index; on Read it is
	// 0.
	MaxTTL time.Duration

	// Subject is the session's owner if the application bound one, "" otherwise.
	// A backend that has the subject index files the record under it; on Read
	// it may leave it empty.
	Subject string
}

// Backend keeps records under IDs. It knows neither HTTP nor how a session is
// laid out, and four methods are all it needs.
//
// An ID is up to 4096 bytes of visible ASCII; what the middleware makes up has
// 43. A client can send any ID it likes, so an ID is untrusted input.
//
// A backend reports ErrNotFound and ErrConflict as such (or wrapped), and
// returns every other error raw: the middleware wraps it once, in
// [*BackendError]. No error contains an ID or data. All methods are safe for
// concurrent use and give up when ctx ends.
//
// What a backend can do beyond this it shows by optional methods: [Swapper],
// [Toucher], [Rotator], [SubjectIndex], [Sweeper] and others. Without Swapper
// two requests that change the same session at once may lose a change, and a
// request that is about to commit may bring back a session that is destroyed in
// that moment. [github.com/gosessions/sessions/sessionstest] tests them all.
type Backend interface {
	// Read returns the record under id, and ErrNotFound if there is none or
	// it has expired.
	Read(ctx context.Context, id string) (Record, error)

	// Write stores the record under id, replacing what is there, and returns
	// the ID under which it can be read again: the same, except where the
	// record travels in the token. A TTL of 0 or less is an error, never
	// an immortal session.
	Write(ctx context.Context, id string, record Record) (string, error)

	// Remove deletes the record under id. That it is absent is no error.
	Remove(ctx context.Context, id string) error

	// Exists tells whether Read would find a record. It never hides a failure
	// behind false.
	Exists(ctx context.Context, id string) (bool, error)
}

// Op names an operation of a backend.
type Op string

// The operations that [Intercept] and [BackendError] name.
const (
	OpRead   Op = "read"
	OpWrite  Op = "write"
	OpRemove Op = "remove"
	OpExists Op = "exists"
	OpSwap   Op = "swap"
	OpTouch  Op = "touch"
	OpRotate Op = "rotate"
	OpList   Op = "list"
	OpCount  Op = "count"
	OpRevoke Op = "revoke"
	OpSweep  Op = "sweep"
	OpWalk   Op = "walk"
)
