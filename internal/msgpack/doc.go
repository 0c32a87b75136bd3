// Package msgpack reads and writes MessagePack as Python's msgspec does:
// integers in their shortest form, unsigned if they are not negative, floats in
// eight bytes, text and bytes as different types, and times as timestamp
// extensions.
//
// It is written by hand because no library offers everything that a session
// needs: a scan that checks a record and finds its entries without decoding
// them, a limit on nesting, and keys that may repeat.
package msgpack

import "errors"

var (
	// ErrSyntax reports data that is not MessagePack, or is nested too deeply.
	ErrSyntax = errors.New("msgpack: invalid document")

	// ErrExtension reports an extension type other than timestamp, which can
	// be kept but not decoded.
	ErrExtension = errors.New("msgpack: unknown extension type")

	// ErrValue reports a value that MessagePack cannot hold.
	ErrValue = errors.New("msgpack: value cannot be written")
)

// MaxDepth is how deeply arrays and maps may be nested.
const MaxDepth = 500

// maxWritten is how deeply a value that is written may be nested: it must be
// readable as part of a record.
const maxWritten = MaxDepth - 10

// timestamp is the one extension type that the specification defines.
const timestamp = -1
