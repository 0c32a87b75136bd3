package backends

import (
	"context"
	"time"
)

// Record is a stored session: opaque data, the time it has left, and its owner.
type Record struct {
	// Data is never empty. Neither the backend nor its caller modifies it once
	// it has been passed or returned.
	Data []byte

	// TTL is how long the record lives from now. It is positive in every record
	// that is written. In a record that is read, it is the time left, or 0 if
	// the backend does not know.
	TTL time.Duration

	// MaxTTL is the longest time that the record can live, however often it is
	// touched; 0, or less than TTL, means TTL. It is set only on writes, for
	// backends that keep an entry beside the record, such as an index. On Read
	// it is 0.
	MaxTTL time.Duration

	// Subject is the session's owner, or "" if the application has not bound
	// one. A [SubjectIndex] files the record under it. Read may leave it empty.
	Subject string

	// SubjectLimit is how many live records Subject may have, including this
	// one; 0 means no limit. It is set only on writes, and only a
	// [SubjectIndex] honors it: if a write would file the record under a
	// Subject that already has that many, it returns ErrSubjectLimit and
	// changes nothing. Of any number of concurrent writes, no more succeed than
	// the limit leaves room for. Records that have expired, were removed or now
	// have another subject do not count; a write that is still running may
	// count already.
	//
	// The limit does not apply to a write over a record that already has this
	// subject, to [Rotator].Rotate if both records have the same subject, or to
	// the tombstone of Rotate.
	SubjectLimit int
}

// Backend stores records under IDs. It knows neither HTTP nor the layout of a
// session. These four methods are all that a backend needs. Package sessions
// has the same type under the name sessions.Backend.
//
// An ID is 1 to 4096 bytes of visible ASCII; the IDs that the middleware makes
// have 43. A client can send any ID, so treat IDs as untrusted input.
//
// Return ErrNotFound and ErrConflict directly or wrapped, and every other error
// unchanged: the middleware wraps it once, in an [*Error]. No error may contain
// an ID or data. All methods must be safe for concurrent use and must return
// when ctx ends.
//
// Further abilities are optional interfaces: [Swapper], [Toucher], [Rotator],
// [SubjectIndex], [Sweeper], [Walker] and others. Without Swapper, two requests
// that change one session at the same time may lose a change, and a commit may
// bring back a session that is being destroyed. Package
// [github.com/gosessions/sessions/sessionstest] tests every method and ability.
type Backend interface {
	// Read returns the record under id, or ErrNotFound if there is none or it
	// has expired.
	Read(ctx context.Context, id string) (Record, error)

	// Write stores the record under id, replacing any other, and returns the ID
	// under which the record can be read again. That is id itself, unless the
	// backend is stateless and the ID is the record. A TTL of 0 or less is an
	// error: every session expires.
	Write(ctx context.Context, id string, record Record) (string, error)

	// Remove deletes the record under id. It returns nil if there is none.
	Remove(ctx context.Context, id string) error

	// Exists reports whether Read would find a record. If it cannot find out,
	// it returns an error.
	Exists(ctx context.Context, id string) (bool, error)
}

// Op names an operation of a backend.
type Op string

// The operations that an [Interceptor] and an [*Error] name.
const (
	OpRead   Op = "read"
	OpWrite  Op = "write"
	OpRemove Op = "remove"
	OpExists Op = "exists"
	OpSwap   Op = "swap"
	OpTouch  Op = "touch"
	OpRotate Op = "rotate"
	OpList   Op = "list"
	OpRevoke Op = "revoke"
	OpTrim   Op = "trim"
	OpRetire Op = "retire"
	OpSweep  Op = "sweep"
	OpWalk   Op = "walk"
)
