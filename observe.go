package sessions

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/gosessions/sessions/backends"
)

// EventKind is the kind of an [Event].
type EventKind string

// The kinds of events.
const (
	EventLoaded      EventKind = "loaded"      // a stored session was read
	EventCreated     EventKind = "created"     // a new session was stored
	EventSaved       EventKind = "saved"       // a stored session was changed
	EventMerged      EventKind = "merged"      // the changes were merged with those of another request; Count says in how many tries
	EventTouched     EventKind = "touched"     // the session was used, and its life extended
	EventRegenerated EventKind = "regenerated" // the session got a new ID
	EventDestroyed   EventKind = "destroyed"   // the application ended the session
	EventImported    EventKind = "imported"    // the session was found in one of Config.Sources, in Format
	EventEvicted     EventKind = "evicted"     // the session ended to make room for a newer one of its subject
	EventRevoked     EventKind = "revoked"     // sessions of Subject were ended; Count says how many

	EventRefused   EventKind = "refused"   // a token is unknown or forged; Err may say why
	EventExpired   EventKind = "expired"   // as refused, but the store still knows that the token's time has passed
	EventAmbiguous EventKind = "ambiguous" // a request carries several different tokens: one may have been planted
	EventRetired   EventKind = "retired"   // a request carries a token from before a regeneration
	EventCorrupt   EventKind = "corrupt"   // a record cannot be read; it is left alone

	EventGone     EventKind = "gone"     // a commit or touch was refused, because the session has ended
	EventConflict EventKind = "conflict" // a commit failed because of a concurrent change
	EventFailed   EventKind = "failed"   // the backend failed; Err says how
	EventTimedOut EventKind = "timedout" // the request's deadline had passed: nothing was saved
	EventUnsaved  EventKind = "unsaved"  // changes were not saved, by Config.SaveOn or because the response was written past the middleware; Err says which

	// EventBreaker reports that the breaker opened, so that requests fail at once
	// instead of waiting for the backend: Err is ErrUnavailable then. If Err is nil,
	// it closed again.
	EventBreaker EventKind = "breaker"
)

// Event is something that happened to a session. It contains no token, no key and
// no value.
type Event struct {
	Kind     EventKind
	Session  string        // [Session.PublicID], or a fingerprint of a token that was not accepted; may be empty
	Subject  string        // the session's owner, if it is known; LogEvents leaves it out
	Format   string        // of the record
	Size     int           // of the record, in bytes
	Count    int           // attempts, or how many sessions were revoked
	Duration time.Duration // of the load or commit
	Op       backends.Op   // of the backend, if it failed
	Err      error
}

// String describes the event without its subject, which may be personal data.
func (e Event) String() string {
	return fmt.Sprintf("{%s %s %s %d %d %v %s %v}", e.Kind, e.Session, e.Format, e.Size, e.Count, e.Duration, e.Op, e.Err)
}

// GoString implements [fmt.GoStringer], for the same reason.
func (e Event) GoString() string { return e.String() }

// LogEvents returns a [Config.Observe] that writes events to logger. Failures of
// the backend have the level Error. Events that an operator should look at have the
// level Warn, refused tokens Info, and all others Debug. For the failures of one
// operation it writes one line in ten seconds, with the number of failures that
// were left out.
func LogEvents(logger *slog.Logger) func(context.Context, Event) {
	var failures throttle
	return func(ctx context.Context, e Event) {
		level := levelOf(&e)
		if !logger.Enabled(ctx, level) {
			return
		}
		omitted := 0
		if e.Kind == EventFailed {
			var due bool
			if omitted, due = failures.due(throttleKey(e.Err)); !due {
				return
			}
		}
		attrs := make([]slog.Attr, 0, 9)
		attrs = append(attrs, slog.String("event", string(e.Kind)))
		if e.Session != "" {
			attrs = append(attrs, slog.String("session", e.Session))
		}
		if e.Format != "" {
			attrs = append(attrs, slog.String("format", e.Format))
		}
		if e.Size > 0 {
			attrs = append(attrs, slog.Int("size", e.Size))
		}
		if e.Op != "" {
			attrs = append(attrs, slog.String("operation", string(e.Op)))
		}
		if e.Count > 0 {
			attrs = append(attrs, slog.Int("count", e.Count))
		}
		if e.Duration > 0 {
			attrs = append(attrs, slog.Duration("duration", e.Duration))
		}
		if omitted > 0 {
			attrs = append(attrs, slog.Int("omitted", omitted))
		}
		if e.Err != nil {
			attrs = append(attrs, slog.Any("error", e.Err))
		}
		logger.LogAttrs(ctx, level, "session", attrs...)
	}
}

// levelOf returns the level at which LogEvents writes e.
func levelOf(e *Event) slog.Level {
	switch e.Kind {
	case EventFailed:
		return slog.LevelError
	case EventAmbiguous, EventRetired, EventCorrupt, EventGone, EventConflict, EventTimedOut, EventUnsaved, EventBreaker:
		return slog.LevelWarn
	case EventRefused, EventExpired, EventRevoked:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}
