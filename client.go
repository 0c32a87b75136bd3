package sessions

import "net/http"

// client is the request of a session, as far as the session knows it.
type client interface {
	timedOut() bool              // the request's deadline has passed, and no cookie can be sent any more
	noTouch() bool               // the request does not count as use
	sendable(token string) error // returns why token cannot be sent
	responseHeader() http.Header // returns the header lines that the response needs
}
