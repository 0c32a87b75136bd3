package backends

import (
	"time"

	"github.com/gosessions/sessions/serializer"
)

// Defaults propose a configuration for the middleware, for a backend that
// shares its records with another framework. A zero field proposes nothing, and
// the application's own configuration takes precedence, field by field.
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

	// EmptyIsAbsent removes both the cookie and the record of a session that
	// was emptied, as do frameworks that cannot store an empty session.
	// Stateless backends always do.
	EmptyIsAbsent bool

	// PersistenceIsEmpty counts a session as empty if it holds nothing but the
	// format's PersistenceKey.
	PersistenceIsEmpty bool
}

// IDs selects the form in which a server-side backend sees session IDs.
type IDs uint8

// The forms of session IDs in a backend.
const (
	DefaultIDs IDs = iota // HashedIDs, unless the backend shares its store with another framework

	// HashedIDs gives the backend a SHA-256 of the ID, so that no session can
	// be taken over with a copy of the store.
	HashedIDs

	// RawIDs gives the backend the ID itself. Stores that are shared with
	// Python need it.
	RawIDs
)

// Duplicates selects what happens if a request has several cookies of the same
// name.
type Duplicates uint8

// The ways to read several cookies of the same name.
const (
	DefaultDuplicates Duplicates = iota // RefuseAmbiguous, unless the backend proposes another

	// RefuseAmbiguous tries up to four different values. If two of them are
	// valid, there is no session.
	RefuseAmbiguous

	FirstOnly // as Werkzeug does
	LastOnly  // as Starlette does
)
