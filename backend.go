package sessions

import "github.com/gosessions/sessions/backends"

// Backend keeps records under IDs: in memory, in a database, in the cookie
// itself. The packages below backends have one each, and four methods make your
// own:
//
//	Read(ctx context.Context, id string) (Record, error)
//	Write(ctx context.Context, id string, record Record) (string, error)
//	Remove(ctx context.Context, id string) error
//	Exists(ctx context.Context, id string) (bool, error)
//
// Package [github.com/gosessions/sessions/backends] has their rules, the optional
// interfaces for further abilities, and a complete example.
type Backend = backends.Backend

// Record is a stored session: its data, which the backend does not interpret, the
// time it has left, and its owner.
type Record = backends.Record

// BackendError is a failure of the backend, such as an outage. It says nothing
// about the session: do not treat the visitor as logged out.
type BackendError = backends.Error

// IDs selects what a server-side backend sees of a session's ID.
type IDs = backends.IDs

// How session IDs appear in a backend.
const (
	DefaultIDs = backends.DefaultIDs // HashedIDs, unless the backend shares its store with another framework
	HashedIDs  = backends.HashedIDs  // a SHA-256 of the ID, so that no one can log in with a copy of the store
	RawIDs     = backends.RawIDs     // the ID itself, for a store that is shared with Python
)

// Duplicates selects which of several cookies of the same name count.
type Duplicates = backends.Duplicates

// How several cookies of the same name are read.
const (
	DefaultDuplicates = backends.DefaultDuplicates // RefuseAmbiguous, unless the backend proposes otherwise
	RefuseAmbiguous   = backends.RefuseAmbiguous   // try up to four different values; if two are valid, there is no session
	FirstOnly         = backends.FirstOnly         // the first one, as in Werkzeug
	LastOnly          = backends.LastOnly          // the last one, as in Starlette
)
