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
	// Err says what is wrong with the arguments of the backend's constructor,
	// and how to correct it. The middleware's constructor returns it, so a
	// backend's constructor needs no error result and can be called inline.
	Err error

	// Warnings are sentences about a configuration that works but is weak. The
	// middleware logs each of them once.
	Warnings []string

	// Stateless means that the client carries the records and the backend
	// stores nothing: an ID is the token itself, Write ignores the ID that it
	// is given, Remove does nothing, and every failure of Read is ErrNotFound.
	// A [Revoker] stores what has ended, and differs in that.
	Stateless bool

	// Local means that the backend answers from this process, so that calls
	// need no timeout.
	Local bool

	// MaxSize is how many bytes of data a record may have; 0 means no limit.
	// For a larger record the backend returns ErrTooLarge.
	MaxSize int

	// Defaults propose a configuration of the middleware, for a backend that
	// shares its records with another framework.
	Defaults Defaults
}

// Describe calls b.Describe if b, or the backend that b intercepts, is a
// [Describer]; otherwise it returns the zero Facts.
func Describe(b Backend) Facts {
	if d, ok := As[Describer](b); ok {
		return d.Describe()
	}
	return Facts{}
}
