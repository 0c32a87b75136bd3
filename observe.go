package sessions

import (
	"context"
	"log/slog"
	"time"
)

// EventKind says what happened.
type EventKind string

// The kinds of events.
const (
	EventLoaded      EventKind = "loaded"      // a stored session was read
	EventCreated     EventKind = "created"     // a new session was stored
	EventSaved       EventKind = "saved"       // a stored session was changed
	EventMerged      EventKind = "merged"      // after a conflict, changes were merged; Count tries
	EventTouched     EventKind = "touched"     // the idle timeout was pushed back
	EventRegenerated EventKind = "regenerated" // the ID was changed
	EventDestroyed   EventKind = "destroyed"   // the session was ended by the application
	EventImported    EventKind = "imported"    // it came from one of Config.Sources, in Format
	EventEvicted     EventKind = "evicted"     // ended to make room for its subject's newest

	EventRefused   EventKind = "refused" // a token of unknown, expired or forged kind; Err may say why
	EventAmbiguous EventKind = "tossed"  // several different tokens: somebody planted one
	EventRetired   EventKind = "retired" // a token from before a regeneration was used
	EventCorrupt   EventKind = "corrupt" // a record that cannot be read; it is left alone

	EventGone     EventKind = "gone"     // a commit came after the session's end and was refused
	EventConflict EventKind = "conflict" // a commit failed for a concurrent change
	EventFailed   EventKind = "failed"   // the backend failed; Err says how
	EventTimedOut EventKind = "timedout" // the request had been answered by a timeout: nothing was saved
)

// Event is something that happened to a session. It holds no ID, no key and no
// value.
type Event struct {
	Kind     EventKind
	Session  string        // [Session.PublicID], or a fingerprint of a refused token
	Format   string        // of the record
	Size     int           // of the record, in bytes
	Count    int           // tries
	Duration time.Duration // of the load or commit
	Err      error
}

// LogEvents returns a [Config.Observe] that writes events to logger: what an
// operator should look at as warnings, failures as errors, the rest for
// debugging.
func LogEvents(logger *slog.Logger) func(context.Context, Event) {
	return func(ctx context.Context, e Event) {
		level := slog.LevelDebug
		switch e.Kind {
		case EventAmbiguous, EventRetired, EventCorrupt, EventGone, EventConflict, EventTimedOut:
			level = slog.LevelWarn
		case EventFailed:
			level = slog.LevelError
		case EventRefused:
			level = slog.LevelInfo
		}
		if !logger.Enabled(ctx, level) {
			return
		}
		attrs := make([]slog.Attr, 0, 7)
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
		if e.Count > 0 {
			attrs = append(attrs, slog.Int("tries", e.Count))
		}
		if e.Duration > 0 {
			attrs = append(attrs, slog.Duration("duration", e.Duration))
		}
		if e.Err != nil {
			attrs = append(attrs, slog.Any("error", e.Err))
		}
		logger.LogAttrs(ctx, level, "session", attrs...)
	}
}
