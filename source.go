package sessions

import "github.com/gosessions/sessions/serializer"

// Source is where sessions were kept before: another backend, format or
// cookie. It is asked if the backend does not know a token, and only then: a
// failure never falls through. What is found there moves to the backend with
// the response, values and types carried over; the old record is removed and
// the old cookie deleted.
//
// The token of a stateless source stays valid by itself. After [Session.Destroy]
// it leads nowhere for as long as a session lives, but a client that kept another
// token of the same session can come back with that one, for as long as the
// source is listed.
type Source struct {
	Backend Backend

	// Format, Transport, IDs and Namespace are as in [Config], with the same
	// defaults.
	Format    serializer.Format
	Transport Transport
	IDs       IDs
	Namespace string
}
