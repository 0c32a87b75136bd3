package sessions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// throttle bounds how often the log repeats a reason. The zero value is ready for
// use. It is safe for concurrent use.
type throttle struct {
	mu      sync.Mutex
	reasons map[string]*repeated
}

// repeated is a reason that the log has given.
type repeated struct {
	next    time.Time // when the log may give it again
	omitted int       // since it was given
}

const (
	throttleEvery = 10 * time.Second
	maxReasons    = 64 // further ones share a line
)

// due reports whether the log may give reason now, and how often it was left out
// since it was given last.
func (t *throttle) due(reason string) (omitted int, due bool) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.reasons[reason]
	if r == nil && len(t.reasons) >= maxReasons {
		reason = ""
		r = t.reasons[reason]
	}
	if r == nil {
		if t.reasons == nil {
			t.reasons = map[string]*repeated{}
		}
		r = &repeated{}
		t.reasons[reason] = r
	}
	if now.Before(r.next) {
		r.omitted++
		return 0, false
	}
	omitted = r.omitted
	*r = repeated{next: now.Add(throttleEvery)}
	return omitted, true
}

// logFailure writes to the log why a request is answered with 500 or 503. Without a
// middleware in ctx it writes to [slog.Default].
func logFailure(ctx context.Context, err error) {
	logger, failures := slog.Default(), &unowned
	if ex, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		logger, failures = ex.mw.config.Logger, &ex.mw.failures
	}
	status := Status(err)
	if status < http.StatusInternalServerError || !logger.Enabled(ctx, slog.LevelError) {
		return
	}
	omitted, due := failures.due(throttleKey(err))
	if !due {
		return
	}
	attrs := []slog.Attr{slog.Int("status", status), slog.String("error", reasonOf(err))}
	if omitted > 0 {
		attrs = append(attrs, slog.Int("omitted", omitted))
	}
	logger.LogAttrs(ctx, slog.LevelError, "sessions: a request failed", attrs...)
}

// unowned throttles the failures of requests without a middleware.
var unowned throttle

// throttleKey returns what failures for the same reason have in common: the operation
// of the backend, because the text of a network error differs each time, or the
// reason in words.
func throttleKey(err error) string {
	if err == nil {
		return ""
	}
	if failure, ok := errors.AsType[*BackendError](err); ok {
		return string(failure.Op)
	}
	return reasonOf(err)
}

// reasonOf returns the text of err if this library made it: such a text contains no
// secret. Of an error of the application it returns the type.
func reasonOf(err error) string {
	text := err.Error()
	for _, ours := range []string{"sessions: ", "serializer: ", "cookie: "} {
		if len(text) > len(ours) && text[:len(ours)] == ours {
			return text
		}
	}
	return fmt.Sprintf("an error of the application, of type %T", err)
}
