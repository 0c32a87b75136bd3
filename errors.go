package sessions

import (
	"errors"

	"github.com/gosessions/sessions/backends"
)

// The errors that a handler or the error handler may meet. Compare with
// [errors.Is]. A missing ability is [errors.ErrUnsupported].
var (
	// ErrNotFound reports that nothing is stored under an ID, or that it has
	// expired. Backends return it.
	ErrNotFound = backends.ErrNotFound

	// ErrConflict reports that another request changed the session first, or
	// that a value could be used only once and was.
	ErrConflict = backends.ErrConflict

	// ErrTooLarge reports a session that exceeds what a cookie, the backend or
	// [Config.MaxSize] allows.
	ErrTooLarge = backends.ErrTooLarge

	// ErrSubjectLimit reports a subject that has as many sessions as
	// [Config.MaxPerSubject] allows.
	ErrSubjectLimit = backends.ErrSubjectLimit

	// ErrUnavailable reports a backend that has failed so often lately that the
	// middleware does not call it for a moment.
	ErrUnavailable = backends.ErrUnavailable

	// ErrGone reports a session that ended between load and commit: it was
	// destroyed, regenerated or revoked by another request, or it expired. It is
	// never brought back.
	ErrGone = errors.New("sessions: the session has ended")

	// ErrCommitted reports a change that comes after the response has begun.
	// Change the session before the first byte is written, or use
	// [Session.Transact].
	ErrCommitted = errors.New("sessions: the response has begun: change the session before writing, or use Transact")

	// ErrUnknownOutcome reports a commit that may or may not have been applied.
	ErrUnknownOutcome = errors.New("sessions: the outcome of the commit is unknown")

	// ErrNoMiddleware reports a context that did not come through
	// [Middleware.Handler].
	ErrNoMiddleware = errors.New("sessions: no session in this context: wrap the handler with Middleware.Handler, and pass on the request's context")

	// ErrAmbiguousToken reports a request that carries several different tokens
	// where one is expected.
	ErrAmbiguousToken = errors.New("sessions: the request carries several different tokens")
)
