package serializer

import "time"

// A Format lays out a whole record: the keys, their encoded values, and the
// metadata that the format has room for.
//
// Implementations are safe for concurrent use.
type Format interface {
	// Name identifies the format in reports and counters.
	Name() string

	// Serializer returns what encodes the values of this format's records.
	Serializer() Serializer

	// Holds tells what besides the values a record can store.
	Holds() Holds

	// Pack encodes content. It does not change or keep it.
	Pack(content *Content) ([]byte, error)

	// Unpack decodes data into content, reusing the capacity of
	// content.Fields. Keys and values may alias data, which the caller never
	// changes afterwards. No value is decoded, but a format that has to scan
	// the values to find them accepts only what can be.
	//
	// It returns an error that wraps [ErrCorrupt] for data that is no record of
	// this format, and [ErrNewer] for a later version of it; content is then
	// undefined.
	Unpack(data []byte, content *Content) error
}

// Holds tells what a [Format] stores besides the values. What it cannot hold
// reads as the zero value, and setting it is refused before it is lost.
type Holds struct {
	Created     bool // Content.Created
	Lifetime    bool // Content.Lifetime
	Persistence bool // Content.Persistence
	Subject     bool // Content.Subject
	Writes      bool // Content.Writes
	Retired     bool // Content.Retired
	Accessed    bool // Content.Accessed

	// StatedLifetime says that a record states the configured lifetime too:
	// whoever packs puts it into Content.Lifetime instead of 0, which stands
	// for sessions that end with the browser.
	StatedLifetime bool

	// PersistenceKey is the key under which the values themselves say whether
	// the browser keeps the cookie (Flask's "_permanent"); "" where the
	// format has no such key.
	PersistenceKey string
}

// Content is what a record holds: the keys in order with their encoded values,
// and metadata.
type Content struct {
	Fields []Field // each key once

	Created     time.Time     // zero: unknown
	Lifetime    time.Duration // from Created; 0: as configured
	Persistence Persistence
	Subject     string    // whose session it is; "": nobody's
	Writes      [4]uint64 // random tokens of the latest writes, newest last; 0: none

	// Accessed is when the session was last loaded, in formats that record it:
	// whoever packs sets it.
	Accessed time.Time

	// Foreign is metadata that only the format itself understands. It goes
	// back into the record as it came.
	Foreign []byte

	// Retired marks what a regenerated session leaves under its old ID. Such
	// a record has no fields and no subject.
	Retired bool
}

// Field is one key of a session and its encoded value.
type Field struct {
	Key   string
	Value []byte
}

// Persistence reports whether the browser keeps the session's cookie when it is
// closed.
type Persistence uint8

const (
	PersistenceDefault Persistence = iota // as configured
	Persistent                            // kept until the session expires
	BrowserSession                        // forgotten with the browser
)
