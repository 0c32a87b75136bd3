package sessions

import (
	"errors"
	"fmt"
)

// What a backend reports, and what a handler or the error handler may meet.
// Compare with [errors.Is]; an ability that a backend lacks is
// [errors.ErrUnsupported].
var (
	// ErrNotFound reports that nothing is stored under an ID, or that it has
	// expired.
	ErrNotFound = errors.New("sessions: no such session")

	// ErrConflict reports that somebody else changed the record first, or that
	// a value could be used only once and was.
	ErrConflict = errors.New("sessions: the session was changed by another request")

	// ErrGone reports a session that ended between load and commit: it was
	// destroyed, regenerated or revoked elsewhere, or it expired. It is never
	// brought back.
	ErrGone = errors.New("sessions: the session has ended")

	// ErrCommitted reports a change that comes after the response has begun.
	// Change the session before the first byte is written, or use
	// [Session.Transact].
	ErrCommitted = errors.New("sessions: the response has begun: change the session before writing, or use Transact")

	// ErrTooLarge reports a session that exceeds what a cookie, or
	// [Config.MaxSize], allows.
	ErrTooLarge = errors.New("sessions: the session is too large")

	// ErrUnknownOutcome reports a commit of which nobody can tell whether it
	// was carried out.
	ErrUnknownOutcome = errors.New("sessions: the outcome of the commit is unknown")

	// ErrUnavailable reports a backend that has failed so often lately that a
	// [Breaker] does not ask it.
	ErrUnavailable = errors.New("sessions: the backend is unavailable")

	// ErrSubjectLimit reports a subject that has as many sessions as
	// [Config.MaxPerSubject] allows.
	ErrSubjectLimit = errors.New("sessions: the subject has too many sessions")

	// ErrNoMiddleware reports a context that did not come through
	// [Middleware.Handler].
	ErrNoMiddleware = errors.New("sessions: no session in this context: wrap the handler with Middleware.Handler, and pass on the request's context")

	// ErrAmbiguousToken reports a request that carries several different
	// tokens where one is expected.
	ErrAmbiguousToken = errors.New("sessions: the request carries several different tokens")
)

// BackendError is a failure of the backend, such as an outage. The session's
// state is unknown, and nothing may be concluded from it about the visitor.
type BackendError struct {
	Op  Op
	Err error
}

func (e *BackendError) Error() string { return fmt.Sprintf("sessions: %s: %v", e.Op, e.Err) }

// Unwrap returns the backend's own error.
func (e *BackendError) Unwrap() error { return e.Err }
