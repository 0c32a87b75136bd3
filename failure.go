package sessions

import (
	"context"
	"errors"
	"net/http"

	"github.com/gosessions/sessions/serializer"
)

// Status returns the HTTP status for an error of this package: 503 if the backend
// failed, the time ran out, the outcome is unknown or a later release wrote the
// record; 409 if the session ended or was changed by another request, or if its
// subject has too many sessions; 400 if the request carries several different tokens;
// 500 otherwise.
func Status(err error) int {
	var backend *BackendError
	switch {
	case errors.As(err, &backend), errors.Is(err, ErrUnknownOutcome), errors.Is(err, serializer.ErrNewer):
		return http.StatusServiceUnavailable
	case errors.Is(err, ErrGone), errors.Is(err, ErrConflict), errors.Is(err, ErrSubjectLimit):
		return http.StatusConflict
	case errors.Is(err, ErrAmbiguousToken):
		return http.StatusBadRequest
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Error answers with the status of err and a short text that reveals nothing else. It
// discards what the handler has changed but not saved, so that a login that fails
// halfway logs nobody in. A 503 has the header Retry-After. The reason for a 500 or
// 503 goes to [Config.Logger]; if the error is not this package's, only its type
// does. Error is the default for [Config.ErrorHandler]; handlers can use it for
// errors of [Load] and of a session's methods.
func Error(w http.ResponseWriter, r *http.Request, err error) {
	status := Status(err)
	if _, logged := w.(*answerWriter); !logged {
		logFailure(r.Context(), err)
		if s, ok := FromContext(r.Context()); ok {
			s.Discard()
		}
	}
	text := "The session could not be processed."
	switch status {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "2")
		text = "Sessions are not available at the moment. Please try again."
	case http.StatusConflict:
		text = "The session has changed or ended. Please try again."
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, text, status)
}

// answer lets the error handler respond. It first sets the header to what it was
// when the handler began. ex.mu is held.
func (ex *exchange) answer(err error) {
	h := ex.w.Header()
	restore(h, ex.before)
	if s := ex.session.Load(); s != nil && !errors.Is(err, ErrGone) {
		// If an earlier Save or Destroy changed the client's token, the client has
		// to learn of it.
		_ = ex.writeHeader(s, h)
	}
	addVary(h, ex.mw.transports[0].Vary())
	keepFromCaches(h)
	logFailure(ex, err)
	w := &answerWriter{ResponseWriter: ex.w, r: ex.r, err: err}
	defer w.ensure() // without an answer, net/http would send an empty success
	ex.mw.config.ErrorHandler(w, ex.r, err)
}

// answerWriter makes sure that an error handler answers something.
type answerWriter struct {
	http.ResponseWriter
	r        *http.Request
	err      error
	answered bool
}

func (w *answerWriter) WriteHeader(status int) {
	w.answered = w.answered || status >= 200
	w.ResponseWriter.WriteHeader(status)
}

func (w *answerWriter) Write(b []byte) (int, error) {
	w.answered = true
	return w.ResponseWriter.Write(b)
}

// FlushError is what http.ResponseController calls. It first makes sure that there
// is an answer: otherwise it would send an empty success.
func (w *answerWriter) FlushError() error {
	w.ensure()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Flush implements [http.Flusher].
func (w *answerWriter) Flush() { _ = w.FlushError() }

// ensure answers with [Error] if the error handler has not answered.
func (w *answerWriter) ensure() {
	if !w.answered {
		w.answered = true
		Error(w.ResponseWriter, w.r, w.err)
	}
}

// Unwrap lets http.ResponseController find the methods of the writer below.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
