package sessions

import (
	"errors"
	"net/http"
	"time"

	"github.com/gosessions/sessions/backends"
)

// A Transport carries tokens between the client and the middleware: [Cookie],
// [Header], or several tried in order ([Chain]).
//
// Implementations are safe for concurrent use.
type Transport interface {
	// Tokens appends to dst the tokens that r carries, in their order, each
	// different one once, and at most a few. It returns ErrAmbiguousToken if r
	// carries several where the transport allows one.
	Tokens(dst []string, r *http.Request) ([]string, error)

	// Send puts token into the header of the response to r. A zero expires means
	// that the token ends with the browser, for clients that have a notion of
	// that. It returns ErrTooLarge for a token that clients would drop.
	Send(h http.Header, r *http.Request, token string, expires time.Time) error

	// Clear tells the client, in the header of the response to r, to forget the
	// token.
	Clear(h http.Header, r *http.Request)

	// Vary names the request header in which tokens travel.
	Vary() string
}

// transportChecker is a Transport whose configuration can be wrong.
type transportChecker interface {
	validate() error
}

// presetTransport is a Transport that the backend's defaults complete.
type presetTransport interface {
	preset(d backends.Defaults, format bool) Transport
}

// Chain returns a transport that reads tokens from the first of transports that
// carries any. A token goes back the way it came, a new one by the first.
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
