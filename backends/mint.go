package backends

// Minter is a [Backend] that makes its own IDs, such as those of another
// framework that shares the store.
type Minter interface {
	Backend

	// MintID returns a new ID that cannot be guessed.
	MintID() string

	// ValidID reports, without I/O, whether id has the form of one of this
	// backend's IDs and, if they are signed, a valid signature.
	ValidID(id string) bool
}
