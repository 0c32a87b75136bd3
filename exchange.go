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
// once it is loaded, and the state of the response. It is a single allocation,
// because every request pays for it.
type exchange struct {
	context.Context // of the request as it came
	mw              *Middleware
	w               http.ResponseWriter
	r               *http.Request
	cookies         []string // Set-Cookie lines that were there before us
	served          bool

	session atomic.Pointer[Session]

	mu    sync.Mutex // held while the session is loaded, and while it is committed
	begun bool       // the final header is decided
	err   error      // why the commit failed; the error handler has answered

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

// begin commits the session and decides the header, once. It tells whether the
// handler's response may go out.
func (ex *exchange) begin() error {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if ex.begun {
		return ex.err
	}
	ex.begun = true
	if ex.session.Load() == nil && ex.mw.config.RefreshUntouched {
		ex.refresh()
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
	err := s.commit(ex, true)
	if err == nil {
		err = s.writeHeader(ex.w.Header())
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
		// Saved first, so that a token which nobody can send is no secret loss:
		// the session exists, and the error says how to send it.
		if err := s.Save(ex); err != nil {
			return err
		}
		s.mu.Lock()
		pending := s.reply != keepToken
		s.mu.Unlock()
		if pending {
			return errHijack
		}
	}
	return ex.begin()
}

// fail answers with an error instead of the handler.
func (ex *exchange) fail(err error) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.begun, ex.err = true, err
	ex.answer(err)
}

// refresh loads the session of a request that carries a token and did not use
// it, so that a sliding lifetime slides.
func (ex *exchange) refresh() {
	for _, t := range ex.mw.primary.transports {
		if tokens, err := t.Tokens(nil, ex.r); err == nil && len(tokens) > 0 {
			// An error is the backend's, and was observed; this request does
			// not depend on it.
			if s, err := ex.loadLocked(); err == nil {
				ex.session.Store(s)
			}
			return
		}
	}
}

// end runs after the handler, or while it panics.
func (ex *exchange) end(inner *http.Request) {
	// What the handler's side found out about its copy of the request belongs
	// to the original: the server removes the temporary files of its form, and
	// logs read its pattern.
	if ex.r.MultipartForm == nil {
		ex.r.MultipartForm = inner.MultipartForm
	}
	if inner.Pattern != "" {
		ex.r.Pattern = inner.Pattern
	}
	if ex.served {
		_ = ex.begin() // a failure has been answered
		return
	}
	// A panic saves nothing. What was saved or destroyed before stays so, and the
	// client has to know, if somebody outside of us goes on to answer.
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if s := ex.session.Load(); s != nil && !ex.begun {
		ex.begun = true
		s.close()
		_ = s.writeHeader(ex.w.Header())
	}
}

// detached is the exchange as a context that outlives the client: its values
// without its end.
type detached exchange

func (d *detached) Deadline() (time.Time, bool) { return time.Time{}, false }
func (d *detached) Done() <-chan struct{}       { return nil }
func (d *detached) Err() error                  { return nil }
func (d *detached) Value(key any) any           { return (*exchange)(d).Value(key) }

// detach returns a context for I/O that a client who hangs up cannot end, and
// that ends by itself after the configured time. What never leaves the process
// needs no such end.
func (mw *Middleware) detach(ctx context.Context) (context.Context, context.CancelFunc) {
	if mw.primary.local && len(mw.sources) == 0 {
		if ex, ok := ctx.(*exchange); ok {
			return (*detached)(ex), func() {}
		}
		return context.WithoutCancel(ctx), func() {}
	}
	return context.WithTimeout(context.WithoutCancel(ctx), mw.config.Timeout)
}
