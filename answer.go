package sessions

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gosessions/sessions/serializer"
)

// Status returns the HTTP status that fits an error of this package: 503 where
// the backend failed, time ran out or the outcome is unknown, 409 where the
// session ended or was changed by somebody else, 500 for the rest.
func Status(err error) int {
	var backend *BackendError
	switch {
	case errors.As(err, &backend), errors.Is(err, ErrUnknownOutcome), errors.Is(err, serializer.ErrNewer):
		return http.StatusServiceUnavailable
	case errors.Is(err, ErrGone), errors.Is(err, ErrConflict), errors.Is(err, ErrSubjectLimit):
		return http.StatusConflict
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Error answers with the status that fits err and a short text that reveals
// nothing else. A 503 asks the client to come back. It is the default for
// [Config.ErrorHandler], and good for errors from [Load].
func Error(w http.ResponseWriter, _ *http.Request, err error) {
	status := Status(err)
	text := "The session could not be processed."
	switch status {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "2")
		text = "Sessions are not available at the moment. Please try again."
	case http.StatusConflict:
		text = "The session has changed or ended meanwhile. Please try again."
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, text, status)
}

// answer lets the error handler respond, with nothing left of what the handler
// had prepared.
func (ex *exchange) answer(err error) {
	h := ex.w.Header()
	for name := range h {
		if strings.HasPrefix(name, "Content-") && !strings.HasPrefix(name, "Content-Security-Policy") {
			delete(h, name)
		}
	}
	for _, name := range []string{"Etag", "Last-Modified", "Location", "Set-Cookie"} {
		delete(h, name)
	}
	if len(ex.cookies) > 0 {
		h["Set-Cookie"] = ex.cookies
	}
	if s := ex.session.Load(); s != nil && !errors.Is(err, ErrGone) {
		// What an earlier Save has stored, or Destroy removed, is a fact that
		// the client has to know.
		_ = s.writeHeader(h)
	}
	addVary(h, ex.mw.primary.transports[0].Vary())
	keepFromCaches(h)
	w := &answerWriter{ResponseWriter: ex.w}
	defer func() {
		if !w.answered { // nor must an empty success go out
			Error(ex.w, ex.r, err)
		}
	}()
	ex.mw.config.ErrorHandler(w, ex.r, err)
}

// answerWriter notes whether an error handler answers.
type answerWriter struct {
	http.ResponseWriter
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

// Unwrap gives http.ResponseController what is below.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
