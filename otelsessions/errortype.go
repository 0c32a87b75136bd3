package otelsessions

import (
	"context"
	"errors"
	"fmt"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/serializer"
	"go.opentelemetry.io/otel/attribute"
)

// kinds are the errors with a name of their own, the more specific one first.
var kinds = []struct {
	err  error
	name string
}{
	{sessions.ErrUnavailable, "unavailable"},
	{sessions.ErrUnknownOutcome, "unknown_outcome"},
	{sessions.ErrGone, "gone"},
	{sessions.ErrNotFound, "not_found"},
	{sessions.ErrConflict, "conflict"},
	{sessions.ErrTooLarge, "too_large"},
	{sessions.ErrSubjectLimit, "subject_limit"},
	{sessions.ErrAmbiguousToken, "ambiguous_token"},
	{serializer.ErrCorrupt, "corrupt"},
	{serializer.ErrNewer, "newer"},
	{errors.ErrUnsupported, "unsupported"},
	{context.DeadlineExceeded, "timeout"},
	{context.Canceled, "canceled"},
}

// isAnswer reports whether a backend that works returns err.
func isAnswer(err error) bool {
	return errors.Is(err, sessions.ErrNotFound) || errors.Is(err, sessions.ErrConflict)
}

// errorType returns the attribute error.type of err: one of a few names, or for any
// other error the type of its cause in Go. It contains nothing of err's text.
func errorType(err error) attribute.KeyValue {
	name := cookie.Reason(err) // why a token is refused, in one word
	for _, k := range kinds {
		if name == "" && errors.Is(err, k.err) {
			name = k.name
		}
	}
	for name == "" {
		inner := errors.Unwrap(err)
		if inner == nil {
			name = fmt.Sprintf("%T", err)
		}
		err = inner
	}
	return attribute.String("error.type", name)
}
