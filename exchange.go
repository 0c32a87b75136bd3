package sessions

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// exchange is one request and its response: the request with its context, the
// session once it is loaded, and the state of the response. It alone knows both HTTP
// and the session. It is a single allocation, because every request pays for it.
type exchange struct {
	mw     *Middleware
	w      http.ResponseWriter
	r      *http.Request // the original one
	inner  http.Request  // the handler's; the exchange is its context
	before []headerLine  // of the response when the handler began

	session atomic.Pointer[Session]

	mu      sync.Mutex // held while the session is loaded and while the response begins
	begun   bool       // the final header is decided
	err     error      // why the commit failed, so that the error handler has answered
	several bool       // the client's tokens lead to several sessions
	unused  bool       // only the middleware has loaded the session, to refresh it
	served  bool       // the handler returned and did not panic
	via     uint32     // index of the transport that brought the token

	tokens [1]string // room for the tokens that the client sent
	lines  headerRoom
}

type exchangeKey struct{}

// Deadline returns that of the original request's context, of which the exchange is
// a child, like Done and Err.
func (ex *exchange) Deadline() (time.Time, bool) { return ex.r.Context().Deadline() }
func (ex *exchange) Done() <-chan struct{}       { return ex.r.Context().Done() }
func (ex *exchange) Err() error                  { return ex.r.Context().Err() }

// Value returns the exchange for its own keys, so that Load finds it in the context
// of the handler's request.
func (ex *exchange) Value(key any) any {
	switch key := key.(type) {
	case exchangeKey:
		return ex
	case *Middleware:
		if key == ex.mw {
			return ex
		}
	}
	return ex.r.Context().Value(key)
}

// begin commits the session and decides the header. Only the first call does
// something; all calls return the same error. status is that of the handler's
// response, which may be sent only if begin returns nil.
func (ex *exchange) begin(status int) error {
	if ex.mw.vault.observe == nil {
		return ex.decide(ex, status)
	}
	ctx, tell := ex.mw.vault.collect(ex)
	err := ex.decide(ctx, status)
	told := false
	defer func() {
		if !told { // the observer panicked: do not send a success
			ex.refuse()
		}
	}()
	tell()
	told = true
	return err
}

// refuse answers with an error if the handler's response could still be sent.
func (ex *exchange) refuse() {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if ex.err == nil {
		ex.err = ErrUnknownOutcome
		ex.answer(ex.err)
	}
}

// decide is begin without the calls of the observer.
func (ex *exchange) decide(ctx context.Context, status int) error {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if ex.begun {
		return ex.err
	}
	ex.begun = true
	if ex.session.Load() == nil && ex.mw.config.RefreshUntouched {
		ex.refresh(ctx)
	}
	s := ex.session.Load()
	if s == nil {
		return nil
	}
	decided := false
	defer func() {
		if !decided { // a function of the application panicked
			ex.err = ErrUnknownOutcome
			ex.answer(ex.err)
		}
	}()
	err := s.commit(ctx, ex.occasion(status))
	if err == nil {
		if err = ex.writeHeader(s, ex.w.Header()); err != nil {
			ex.mw.vault.retract(ctx, err)
		}
	}
	decided, ex.err = true, err
	if err != nil {
		ex.answer(err)
	}
	return err
}

// occasion returns the occasion of a commit for a response with this status.
func (ex *exchange) occasion(status int) occasion {
	switch {
	case ex.mw.config.SaveOn != nil && !ex.mw.config.SaveOn(status):
		return unwanted
	case status >= http.StatusBadRequest:
		return failing
	}
	return answering
}

// errHijack reports a token that a hijacked connection would lose.
var errHijack = errors.New("sessions: hijack: the client needs a new token: call Save, and put ResponseHeader into the upgrade's response")

// beginHijack commits the session before a handler takes over the connection.
func (ex *exchange) beginHijack() error {
	if s := ex.session.Load(); s != nil && !ex.hasBegun() {
		// Save first. If there is a new token, the handler learns how to send it,
		// and the session is stored.
		err := s.Save(ex)
		s.mu.Lock()
		s.saveErr = nil // the handler did not call Save
		pending := s.reply != keepToken
		s.mu.Unlock()
		if err != nil {
			return err
		}
		if pending {
			return errHijack
		}
	}
	return ex.begin(http.StatusSwitchingProtocols)
}

// fail lets the error handler answer instead of the handler.
func (ex *exchange) fail(err error) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.begun, ex.err = true, err
	ex.answer(err)
}

// refresh loads the session of a request that carries a token and did not use the
// session, so that the touch of its commit extends a sliding lifetime. ex.mu is
// held.
func (ex *exchange) refresh(ctx context.Context) {
	for _, t := range ex.mw.transports {
		if tokens, err := t.Tokens(nil, ex.r); err == nil && len(tokens) > 0 {
			// The observer was told of an error. The response does not depend on
			// the session.
			if s, err := ex.loadLocked(ctx); err == nil {
				ex.session.Store(s)
				ex.unused = true
			}
			return
		}
	}
}

// end runs after the handler, or while it panics.
func (ex *exchange) end() {
	ex.copyBack()
	if s := ex.session.Load(); s != nil {
		defer s.stopBeating()
	}
	if ex.served {
		if ex.bypassed() {
			ex.tellBypassed()
			return
		}
		if ex.begin(http.StatusOK) != nil { // a failure has been answered
			dropTrailers(ex.w.Header())
		}
		return
	}
	// A panic saves nothing. If an earlier Save or Destroy changed the client's
	// token, the response of an outer handler has to tell the client.
	ex.mu.Lock()
	defer ex.mu.Unlock()
	begun := ex.begun
	ex.begun = true
	if s := ex.session.Load(); s != nil && !begun {
		s.close()
		_ = ex.writeHeader(s, ex.w.Header())
	}
}

// copyBack copies what inner handlers set in their copy of the request to the
// original: the server removes the temporary files of the form, and outer handlers
// log the pattern.
func (ex *exchange) copyBack() {
	r, inner := ex.r, &ex.inner
	if r.MultipartForm == nil {
		r.MultipartForm = inner.MultipartForm
	}
	if r.Form == nil {
		r.Form = inner.Form
	}
	if r.PostForm == nil {
		r.PostForm = inner.PostForm
	}
	if inner.Pattern != "" {
		r.Pattern = inner.Pattern
	}
}

// detached is the exchange as a context that does not end with the client: it has
// the values, but no deadline and no cancellation.
type detached exchange

func (d *detached) Deadline() (time.Time, bool) { return time.Time{}, false }
func (d *detached) Done() <-chan struct{}       { return nil }
func (d *detached) Err() error                  { return nil }
func (d *detached) Value(key any) any           { return (*exchange)(d).Value(key) }

// withoutEnd implements [detachable].
func (ex *exchange) withoutEnd() context.Context { return (*detached)(ex) }

// timedOut implements [client].
func (ex *exchange) timedOut() bool {
	return errors.Is(ex.Err(), context.DeadlineExceeded)
}

// noTouch implements [client].
func (ex *exchange) noTouch() bool {
	f := ex.mw.config.NoTouch
	return f != nil && f(ex.r)
}

// sendable implements [client].
func (ex *exchange) sendable(token string) error {
	return ex.transport().Send(make(http.Header, 1), ex.r, token, time.Now())
}

// transport returns the transport that brought the token.
func (ex *exchange) transport() Transport { return ex.mw.transports[ex.via] }
