package sessions

import "net/http"

// client is what a session knows of the request that it serves.
type client interface {
	timedOut() bool              // the request ended by its deadline, and nothing can be sent any more
	noTouch() bool               // the request does not count as use
	sendable(token string) error // what is wrong with sending token
	responseHeader() http.Header // what the response has to carry
}
