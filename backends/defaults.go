package backends

import (
	"time"

	"github.com/gosessions/sessions/serializer"
)

// Defaults propose how the middleware is configured, for a backend that shares
// its records with another framework. Zero fields propose nothing, and the
// application's own configuration takes precedence, field by field.
type Defaults struct {
	Format         serializer.Format
	Cookie         string        // the cookie's name
	Lifetime       time.Duration // counted from the last write if Format does not hold Created
	BrowserSession bool          // the cookie ends with the browser
	IDs            IDs
	Duplicates     Duplicates // of several cookies with the same name

	// SlidingLifetime refreshes a loaded, persistent session once a tenth of
	// its lifetime is used, as Flask does for permanent sessions.
	SlidingLifetime bool

	// EmptyIsAbsent removes a session that was emptied, both cookie and record,
	// as frameworks do that cannot store an empty one. Stateless backends
	// always do.
	EmptyIsAbsent bool

	// PersistenceIsEmpty counts a session as empty if it holds nothing but the
	// format's PersistenceKey.
	PersistenceIsEmpty bool
}

// IDs says what a server-side backend sees of a session's ID.
type IDs uint8

// How session IDs appear in a backend.
const (
	DefaultIDs IDs = iota // HashedIDs, unless the backend shares its store with another framework

	// HashedIDs gives the backend a SHA-256 of the ID, so that a copy of the
	// store is useless as a set of keys.
	HashedIDs

	// RawIDs gives the backend the ID itself, as a store that is shared with
	// Python needs it.
	RawIDs
)

// Duplicates says what to do with several cookies of the same name.
type Duplicates uint8

// How several cookies of the same name are read.
const (
	DefaultDuplicates Duplicates = iota // RefuseAmbiguous, unless the backend proposes another

	// RefuseAmbiguous tries up to four different values; if two are valid there
	// is no session.
	RefuseAmbiguous

	FirstOnly // as Werkzeug does
	LastOnly  // as Starlette does
)
