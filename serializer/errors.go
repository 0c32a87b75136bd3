package serializer

import (
	"errors"
	"fmt"
)

var (
	// ErrCorrupt reports data that is not a valid record or value.
	ErrCorrupt = errors.New("serializer: corrupt data")

	// ErrNewer reports a record in a later version of a known format, written
	// by a newer release of the program.
	ErrNewer = errors.New("serializer: record has a newer format version")

	// ErrType reports a value that does not fit the target's type, or that an
	// encoding cannot hold.
	ErrType = errors.New("serializer: type mismatch")

	// ErrNotDict reports a document that is well-formed but not a dict, and
	// therefore not a session. It wraps [ErrCorrupt].
	ErrNotDict = fmt.Errorf("%w: not a dict", ErrCorrupt)

	// ErrPickle reports a record that Python has pickled. Pickles are never
	// read, because reading one runs the program inside it. It wraps
	// [ErrCorrupt].
	ErrPickle = fmt.Errorf("%w: a pickle, which is never read", ErrCorrupt)
)
