package sessions

import "github.com/gosessions/sessions/serializer"

// Source is where sessions were kept before: another backend, another format or
// another cookie. It is asked only if the backend does not know a token; if the
// backend fails, the request fails. A session that is found in a Source moves to
// the backend with the response and keeps its values and their types. Its old
// record is removed and its old cookie deleted.
//
// The token of a stateless source stays valid by itself. After [Session.Destroy]
// the middleware refuses it for one lifetime, [Config.Lifetime]. But a client that
// kept another token of the same session can use it for as long as the source is
// listed.
type Source struct {
	Backend Backend

	// Format, Transport, IDs and Namespace are as in [Config], with the same
	// defaults.
	Format    serializer.Format
	Transport Transport
	IDs       IDs
	Namespace string
}
