// Package msgpack reads and writes MessagePack as Python's msgspec does:
// integers in their shortest form, those that are not negative unsigned, floats
// in eight bytes, text and bytes apart, times as timestamp extensions.
//
// It is written by hand because a session needs what libraries do not offer
// together: a scan that checks a record and finds its entries without decoding
// them, bounds on nesting, and keys that may repeat.
package msgpack

import "errors"

var (
	// ErrSyntax reports what is no MessagePack, or nested too deeply.
	ErrSyntax = errors.New("msgpack: invalid document")

	// ErrExtension reports an extension type other than timestamp, which can
	// be kept but not decoded.
	ErrExtension = errors.New("msgpack: unknown extension type")

	// ErrValue reports a value that MessagePack cannot hold.
	ErrValue = errors.New("msgpack: value cannot be written")
)

// MaxDepth is how deeply arrays and maps may be nested.
const MaxDepth = 500

// maxWritten is how deeply a value that is written may be: it has to be
// readable as part of a record.
const maxWritten = MaxDepth - 10

// timestamp is the one extension type that the specification defines.
const timestamp = -1
