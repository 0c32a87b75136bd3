package serializer

import (
	"errors"
	"fmt"
)

var (
	// ErrCorrupt reports data that is no valid record or value.
	ErrCorrupt = errors.New("serializer: corrupt data")

	// ErrNewer reports a record in a later version of a known format: a newer
	// release of the program wrote it.
	ErrNewer = errors.New("serializer: record has a newer format version")

	// ErrType reports a value that does not fit the type asked for, or that an
	// encoding cannot hold.
	ErrType = errors.New("serializer: type mismatch")

	// ErrNotDict reports a document that is well-formed but no dict, and so no
	// session. It wraps [ErrCorrupt].
	ErrNotDict = fmt.Errorf("%w: not a dict", ErrCorrupt)

	// ErrPickle reports a record that Python has pickled. Reading one means
	// running the program inside it, so that is never done. It wraps
	// [ErrCorrupt].
	ErrPickle = fmt.Errorf("%w: a pickle, which is never read", ErrCorrupt)
)
