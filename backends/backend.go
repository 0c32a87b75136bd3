package backends

import (
	"context"
	"time"
)

// Record is a stored session: opaque data, the time it has left, and its owner.
type Record struct {
	// Data is never empty. Neither side changes it after handing it over.
	Data []byte

	// TTL is how long the record lives from now. It is more than 0 in every
	// record that is written. In a record that is read it is the time left, or
	// 0 if the backend does not know.
	TTL time.Duration

	// MaxTTL is how long the record may live at most, however often it is
	// touched; 0, or less than TTL, means TTL. Only a write carries it, for
	// backends that keep an entry beside the record, such as an index. On Read
	// it is 0.
	MaxTTL time.Duration

	// Subject is the session's owner if the application bound one, else "". A
	// [SubjectIndex] files the record under it. On Read a backend may leave it
	// empty.
	Subject string

	// SubjectLimit is how many live records Subject may have, this one included;
	// 0 means any number. Only a write carries it, and only a [SubjectIndex] looks
	// at it. A write that files the record under Subject, where it was not filed
	// before, returns ErrSubjectLimit and changes nothing if Subject has that many
	// already. Of any number of such writes at once no more succeed than there is
	// room for. Records that have expired, were removed or changed their subject
	// take no room; a write that is under way may take its room already.
	//
	// A write that leaves a record with its subject files nothing, and neither
	// does [Rotator].Rotate if both records are the same subject's: the limit does
	// not matter then. Nor does it for the tombstone of Rotate.
	SubjectLimit int
}

// Backend keeps records under IDs. It knows neither HTTP nor how a session is
// laid out. These four methods are all that a backend needs; package sessions
// has the same type under the name sessions.Backend.
//
// An ID is up to 4096 bytes of visible ASCII; the IDs that the middleware makes
// have 43. A client can send any ID, so treat an ID as untrusted input.
//
// Return ErrNotFound and ErrConflict as such or wrapped, and every other error
// as it comes: the middleware wraps it once, in an [*Error]. No error may contain
// an ID or data. All methods must be safe for concurrent use and must return when
// ctx ends.
//
// Further abilities are optional interfaces: [Swapper], [Toucher], [Rotator],
// [SubjectIndex], [Sweeper], [Walker] and others. Without Swapper, two requests
// that change one session at the same time may lose a change, and a commit may
// bring back a session that is destroyed at that moment. Package
// [github.com/gosessions/sessions/sessionstest] tests every method and ability.
type Backend interface {
	// Read returns the record under id, or ErrNotFound if there is none or it
	// has expired.
	Read(ctx context.Context, id string) (Record, error)

	// Write stores the record under id, replacing what is there, and returns
	// the ID under which the record can be read again: id itself, unless the
	// record travels in the token. A TTL of 0 or less is an error; a session
	// never lives for ever.
	Write(ctx context.Context, id string, record Record) (string, error)

	// Remove deletes the record under id. It returns nil if there is none.
	Remove(ctx context.Context, id string) error

	// Exists reports whether Read would find a record. It never hides a failure
	// behind false.
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
	OpSweep  Op = "sweep"
	OpWalk   Op = "walk"
)
