package sessions

import (
	"time"

	"github.com/gosessions/sessions/serializer"
)

// Preset is a [Backend] that proposes how the middleware is configured, because
// it shares its records with another framework. A [Config] has the last word,
// field by field.
type Preset interface {
	Backend
	Defaults() Defaults
}

// Defaults are what a [Preset] proposes; zero fields propose nothing.
type Defaults struct {
	Format         serializer.Format
	Cookie         string        // the cookie's name
	Lifetime       time.Duration // counted from the last write where Format does not hold Created
	BrowserSession bool          // the cookie ends with the browser
	IDs            IDs
	Duplicates     Duplicates // of several cookies with the same name

	// SlidingLifetime refreshes a loaded, persistent session once a tenth of
	// its lifetime is used, as Flask does for permanent sessions.
	SlidingLifetime bool

	// EmptyIsAbsent removes a session that was emptied, cookie and record,
	// as frameworks do that cannot store an empty one. Stateless backends
	// always do.
	EmptyIsAbsent bool

	// PersistenceIsEmpty counts a session as empty that holds nothing but
	// the format's PersistenceKey.
	PersistenceIsEmpty bool
}

// Settings are what the middleware tells a [Binder].
type Settings struct {
	Cookie    string        // the cookie's name; "" where no cookie is used
	Lifetime  time.Duration // how old a record may be; 0: the backend's own default
	ClockSkew time.Duration

	// IdleTimeout is the configured one, 0 for none. Only with one does the
	// middleware need the TTL of the records that it reads.
	IdleTimeout time.Duration
}

// IDs tells under what a server-side backend stores a session.
type IDs uint8

// How session IDs appear in a backend.
const (
	DefaultIDs IDs = iota // Hashed, unless the backend shares its store with another framework

	// HashedIDs gives the backend a SHA-256 of the ID, so that a copy of the
	// store is no bundle of keys.
	HashedIDs

	// RawIDs gives the backend the ID itself, as a store that is shared with
	// Python needs it.
	RawIDs
)

// Duplicates tells what to make of several cookies of the same name.
type Duplicates uint8

// How several cookies of the same name are read.
const (
	DefaultDuplicates Duplicates = iota // RefuseAmbiguous, unless a Preset says otherwise

	// RefuseAmbiguous tries up to four different values; if two are valid there
	// is no session.
	RefuseAmbiguous

	FirstOnly // as Werkzeug
	LastOnly  // as Starlette
)
