package sessions

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// exchange is one request and its response: the request's context, the session
// once it is loaded, and the state of the response. It alone knows both HTTP and
// the session. It is a single allocation, because every request pays for it.
type exchange struct {
	context.Context // of the request as it came
	mw              *Middleware
	w               http.ResponseWriter
	r               *http.Request
	before          []headerLine // of the response when the handler began
	served          bool

	session atomic.Pointer[Session]

	mu      sync.Mutex // held while the session is loaded, and while it is committed
	begun   bool       // the final header is decided
	err     error      // why the commit failed; the error handler has answered
	several bool       // the client's tokens lead to several sessions
	via     uint32     // index of the transport that brought the token

	tokens        [1]string // room for those that the client sent
	vary, noStore [1]string // room for values of the header
}

type exchangeKey struct{}

// Value makes the exchange findable in the context of the handler's request.
func (ex *exchange) Value(key any) any {
	switch key := key.(type) {
	case exchangeKey:
		return ex
	case *Middleware:
		if key == ex.mw {
			return ex
		}
	}
	return ex.Context.Value(key)
}

// begin commits the session and decides the header, once. status is that of the
// handler's response, which may go out if begin returns nil.
func (ex *exchange) begin(status int) error {
	ctx, tell := ex.mw.vault.collect(ex)
	defer tell()
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
		if !decided { // something in it panicked
			ex.err = ErrUnknownOutcome
			ex.answer(ex.err)
		}
	}()
	err := s.commit(ctx, true, status >= 400)
	if err == nil {
		err = ex.writeHeader(s, ex.w.Header())
	}
	decided, ex.err = true, err
	if err != nil {
		ex.answer(err)
	}
	return err
}

// errHijack reports a token that a hijacked connection would lose.
var errHijack = errors.New("sessions: hijack: the client needs a new token: call Save, and put ResponseHeader into the upgrade's response")

// beginHijack commits the session of a connection that is handed over.
func (ex *exchange) beginHijack() error {
	ex.mu.Lock()
	begun := ex.begun
	ex.mu.Unlock()
	if s := ex.session.Load(); s != nil && !begun {
		// Saved first, so that a token which cannot be sent is no silent loss: the
		// session exists, and the error says how to send it.
		err := s.Save(ex)
		s.mu.Lock()
		s.saveErr = nil // the handler did not ask for it
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

// fail answers with an error instead of the handler.
func (ex *exchange) fail(err error) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.begun, ex.err = true, err
	ex.answer(err)
}

// refresh loads the session of a request that carries a token and did not use
// it, so that a sliding lifetime slides. ex.mu is held.
func (ex *exchange) refresh(ctx context.Context) {
	for _, t := range ex.mw.transports {
		if tokens, err := t.Tokens(nil, ex.r); err == nil && len(tokens) > 0 {
			// An error is the backend's, and was observed; this request does
			// not depend on it.
			if s, err := ex.loadLocked(ctx); err == nil {
				ex.session.Store(s)
			}
			return
		}
	}
}

// end runs after the handler, or while it panics.
func (ex *exchange) end(inner *http.Request) {
	ex.copyBack(inner)
	if s := ex.session.Load(); s != nil {
		defer s.stopBeating()
	}
	if ex.served {
		if ex.begin(http.StatusOK) != nil { // a failure has been answered
			dropTrailers(ex.w.Header())
		}
		return
	}
	// A panic saves nothing. What was saved or destroyed before stays so, and the
	// client has to know, if a handler outside of us goes on to answer.
	ex.mu.Lock()
	defer ex.mu.Unlock()
	begun := ex.begun
	ex.begun = true
	if s := ex.session.Load(); s != nil && !begun {
		s.close()
		_ = ex.writeHeader(s, ex.w.Header())
	}
}

// copyBack copies what the handler's side found out about its copy of the request
// to the original: the server removes the temporary files of its form, and
// handlers outside log its pattern and form.
func (ex *exchange) copyBack(inner *http.Request) {
	r := ex.r
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

// detached is the exchange as a context that outlives the client: its values
// without its end.
type detached exchange

func (d *detached) Deadline() (time.Time, bool) { return time.Time{}, false }
func (d *detached) Done() <-chan struct{}       { return nil }
func (d *detached) Err() error                  { return nil }
func (d *detached) Value(key any) any           { return (*exchange)(d).Value(key) }

// withoutEnd implements [detachable].
func (ex *exchange) withoutEnd() context.Context { return (*detached)(ex) }

// timedOut implements [client].
func (ex *exchange) timedOut() bool {
	return errors.Is(ex.Context.Err(), context.DeadlineExceeded)
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
