// Package pyjson reads and writes JSON exactly as Python's json module does,
// with the tags that Flask adds to it.
//
// Unlike encoding/json it distinguishes int and float, and keeps integers of
// any size, lone surrogates, NaN and infinities, and the order of keys. See
// [Scanner] for checking and indexing a document without decoding it, [Decode]
// and [Append] for whole values, and [AppendString], [AppendFloat] and
// [AppendUnquoted] for single ones.
package pyjson

import "errors"

var (
	// ErrSyntax reports a document that Python would not read: it is not JSON,
	// is nested too deeply, or has a tag whose content does not fit its type.
	ErrSyntax = errors.New("pyjson: invalid document")

	// ErrText reports text that the encoding cannot hold.
	ErrText = errors.New("pyjson: text is not valid Unicode")

	// ErrValue reports a value that JSON cannot hold.
	ErrValue = errors.New("pyjson: value cannot be written as JSON")
)

const (
	// MaxDepth is how deeply lists and dicts may be nested. Python stops at
	// about twice that.
	MaxDepth = 500

	// maxWritten is how deeply a value that is written may be nested: it must
	// be readable as part of a document and inside tags.
	maxWritten = MaxDepth - 10

	// MaxDigits is how many digits an integer may have. It is Python's limit
	// for conversions between text and int.
	MaxDigits = 4300
)
