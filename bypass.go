package sessions

import "errors"

// errBypassed reports a response that the client got without its session. Its cause
// is a framework that has a response writer of its own, such as gin.
var errBypassed = errors.New("sessions: the response was written past the middleware, so no cookie was sent and the changes of the session are not saved: give the handler the ResponseWriter of Middleware.Handler; docs/frameworks.md has an adapter for gin and for fiber")

// writtenReporter is a writer that knows whether its response has begun, such as those
// of gin and negroni.
type writtenReporter interface{ Written() bool }

// bypassed reports whether the response went out past the middleware although it had
// to carry something of the session. Only the writer below can tell.
func (ex *exchange) bypassed() bool {
	s := ex.session.Load()
	if s == nil || ex.hasBegun() {
		return false
	}
	w := below[writtenReporter](ex.w)
	return w != nil && w.Written() && s.owes()
}

// tellBypassed makes a bypassed response known. The changes are not saved: the client
// could not learn of a new token, nor of a commit that failed.
func (ex *exchange) tellBypassed() {
	ex.mu.Lock()
	ex.begun = true
	ex.mu.Unlock()
	ex.session.Load().close()
	if omitted, due := ex.mw.failures.due("bypassed"); due {
		ex.mw.config.Logger.ErrorContext(ex, errBypassed.Error(), "omitted", omitted)
	}
	ctx, tell := ex.mw.vault.collect(ex)
	ex.mw.vault.tell(ctx, Event{Kind: EventUnsaved, Err: errBypassed})
	tell()
}

// hasBegun reports whether the response has begun.
func (ex *exchange) hasBegun() bool {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	return ex.begun
}
