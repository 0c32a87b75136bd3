package backends

// Describer is a [Backend] that states facts about itself. The middleware asks
// once, when it is made.
type Describer interface {
	Backend

	// Describe returns the facts. It does no I/O.
	Describe() Facts
}

// Facts are what a backend states about itself. The zero value describes a store
// on a server of its own, correctly configured.
type Facts struct {
	// Err is what is wrong with the arguments of the backend's constructor, and
	// how to correct it. The middleware's constructor returns it, so that a
	// backend can be made inline.
	Err error

	// Warnings are sentences about a configuration that works and is still
	// weak. The middleware logs each of them once.
	Warnings []string

	// Stateless means that records travel with the client and nothing is
	// stored: an ID is the token itself, Write ignores the ID that it is given,
	// Remove has nothing to do, and every failure of Read is ErrNotFound.
	Stateless bool

	// Local means that the backend answers from this process, so that calls
	// need no timeout.
	Local bool

	// MaxSize is how many bytes of data a record may have; 0 means any number.
	// The backend answers ErrTooLarge beyond it.
	MaxSize int

	// Defaults propose how the middleware is configured, for a backend that
	// shares its records with another framework.
	Defaults Defaults
}

// Describe returns the facts that b, or the backend that it intercepts, states.
// They are zero if b is not a [Describer].
func Describe(b Backend) Facts {
	if d, ok := As[Describer](b); ok {
		return d.Describe()
	}
	return Facts{}
}
