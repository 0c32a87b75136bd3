package serializer

import "time"

// A Format defines the layout of a whole record: the keys, their encoded
// values, and the metadata that the format can hold.
//
// Implementations are safe for concurrent use.
type Format interface {
	// Name identifies the format in reports and counters.
	Name() string

	// Serializer returns the serializer of the values in this format's records.
	Serializer() Serializer

	// Holds returns which metadata a record can store besides the values.
	Holds() Holds

	// Pack encodes content. It neither changes nor retains it.
	Pack(content *Content) ([]byte, error)

	// Unpack decodes data into content, reusing the capacity of content.Fields.
	// Keys and values may alias data, which the caller must not change
	// afterwards. Unpack does not decode the values, but a format that has to
	// scan them accepts only values that can be decoded.
	//
	// It returns an error that wraps [ErrCorrupt] if data is not a record of
	// this format, and [ErrNewer] if it is a record of a later version. Then
	// content is undefined.
	Unpack(data []byte, content *Content) error
}

// Holds lists the metadata that a [Format] stores besides the values. Metadata
// that a format cannot hold reads as the zero value, and the middleware refuses
// to set it.
type Holds struct {
	Created     bool // Content.Created
	Lifetime    bool // Content.Lifetime
	Persistence bool // Content.Persistence
	Subject     bool // Content.Subject
	Label       bool // Content.Label
	Writes      bool // Content.Writes
	Retired     bool // Content.Retired
	Accessed    bool // Content.Accessed

	// StatedLifetime says that records also hold the configured lifetime: the
	// caller of Pack must put it into Content.Lifetime, where 0 means that the
	// session ends with the browser.
	StatedLifetime bool

	// ReservedKey is the key under which the format keeps its own metadata, so that
	// no value can be stored under it, or "" if there is no such key.
	ReservedKey string

	// PersistenceKey is the key of the value that says whether the browser
	// keeps the cookie (Flask's "_permanent"), or "" if the format has no such
	// key.
	PersistenceKey string
}

// Content is what a record holds: the keys in order with their encoded values,
// and metadata.
type Content struct {
	Fields []Field // each key once

	Created     time.Time     // zero: unknown
	Lifetime    time.Duration // from Created; 0: as configured
	Persistence Persistence
	Subject     string    // the session's owner; "" if there is none
	Label       string    // the device, as its owner sees it; "" if there is none
	Writes      [4]uint64 // random tokens of the latest writes, newest last; 0: none

	// Accessed is when the session was last loaded, in formats that record it.
	// The caller of Pack sets it.
	Accessed time.Time

	// Foreign is metadata that only the format itself understands. It is
	// written back unchanged.
	Foreign []byte

	// Retired marks a tombstone: the record that a regenerated session leaves
	// under its old ID. It has no fields, no subject and no label.
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
