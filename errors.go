package sessions

import (
	"errors"

	"github.com/gosessions/sessions/backends"
)

// These errors reach handlers and [Config.ErrorHandler]. Compare them with
// [errors.Is]. If the backend or the format cannot do what a method needs, the
// method returns [errors.ErrUnsupported].
var (
	// ErrNotFound reports that nothing is stored under an ID, or that it has
	// expired. Backends return it.
	ErrNotFound = backends.ErrNotFound

	// ErrConflict reports that another request changed the session first, gave
	// it a new ID, or took the value that [Session.Take] returned.
	ErrConflict = backends.ErrConflict

	// ErrTooLarge reports a session that is larger than a cookie, the backend or
	// [Config.MaxSize] allows.
	ErrTooLarge = backends.ErrTooLarge

	// ErrSubjectLimit reports that the subject already has as many sessions as
	// [Config.MaxPerSubject] allows.
	ErrSubjectLimit = backends.ErrSubjectLimit

	// ErrUnavailable reports that the middleware did not call the backend,
	// because it failed several times just before. See [Config.DisableBreaker].
	ErrUnavailable = backends.ErrUnavailable

	// ErrGone reports that the session ended between load and commit: another
	// request destroyed it, revoked it or gave it a new ID, or it expired. The
	// changes are not saved.
	ErrGone = errors.New("sessions: the session has ended")

	// ErrCommitted reports that the session can no longer be changed, because
	// the response has begun. Change it before you write the first byte, or use
	// [Session.Transact].
	ErrCommitted = errors.New("sessions: the response has begun: change the session before writing, or use Transact")

	// ErrUnknownOutcome reports a commit that may or may not have been applied,
	// because the backend's answer was lost.
	ErrUnknownOutcome = errors.New("sessions: the outcome of the commit is unknown")

	// ErrNoMiddleware reports a context that did not come through
	// [Middleware.Handler]. gin and Fiber need an adapter: ginsessions or
	// fibersessions.
	ErrNoMiddleware = errors.New("sessions: no session in this context: wrap the handler with Middleware.Handler, and pass on the request's context (for gin c.Request.Context() and ginsessions, for fiber c.Context() and fibersessions: see docs/frameworks.md)")

	// ErrAmbiguousToken reports a request that carries several different tokens
	// where one is expected.
	ErrAmbiguousToken = errors.New("sessions: the request carries several different tokens")
)
