package sessions

import (
	"errors"
	"net/http"
	"time"

	"github.com/gosessions/sessions/backends"
)

// A Transport carries tokens between the client and the middleware. This package
// has [Cookie], [Header], and [Chain] for several that are tried in order.
//
// Implementations must be safe for concurrent use.
type Transport interface {
	// Tokens appends the tokens that r carries to dst, in their order and without
	// duplicates, and returns the result. It returns ErrAmbiguousToken if r
	// carries more tokens than the transport allows.
	Tokens(dst []string, r *http.Request) ([]string, error)

	// Send puts token into the header h of the response to r. A browser keeps
	// the token until expires; if that is zero, until the browser is closed.
	// Send returns ErrTooLarge for a token that clients would drop.
	Send(h http.Header, r *http.Request, token string, expires time.Time) error

	// Clear puts into the header h of the response to r what makes the client
	// forget the token.
	Clear(h http.Header, r *http.Request)

	// Vary returns the name of the request header that carries tokens.
	Vary() string
}

// transportChecker is a Transport that can check its configuration.
type transportChecker interface {
	validate() error
}

// presetTransport is a Transport with fields for which a backend has defaults.
// native reports whether the records have the package's own format.
type presetTransport interface {
	preset(d backends.Defaults, native bool) Transport
}

// Chain returns a transport that reads tokens from the first of transports that
// carries any. A middleware sends a session's new token through the transport
// that brought the old one. A client without a token gets one through the first
// transport.
func Chain(transports ...Transport) Transport { return chain(transports) }

type chain []Transport

func (c chain) Tokens(dst []string, r *http.Request) ([]string, error) {
	for _, t := range c {
		if found, err := t.Tokens(dst, r); len(found) > len(dst) || err != nil {
			return found, err
		}
	}
	return dst, nil
}

func (c chain) Send(h http.Header, r *http.Request, token string, expires time.Time) error {
	if len(c) == 0 {
		return errNoTransport
	}
	return c[0].Send(h, r, token, expires)
}

func (c chain) Clear(h http.Header, r *http.Request) {
	if len(c) > 0 {
		c[0].Clear(h, r)
	}
}

func (c chain) Vary() string {
	if len(c) == 0 {
		return ""
	}
	return c[0].Vary()
}

var errNoTransport = errors.New("sessions: Config.Transport is an empty chain: name at least one transport")

// flatten returns the transports that t stands for, none of them a chain.
func flatten(t Transport) []Transport {
	c, ok := t.(chain)
	if !ok {
		return []Transport{t}
	}
	var all []Transport
	for _, t := range c {
		all = append(all, flatten(t)...)
	}
	return all
}
