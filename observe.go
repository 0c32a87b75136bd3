package sessions

import (
	"context"
	"log/slog"
	"time"
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

	EventRefused   EventKind = "refused"   // a token is unknown, expired or forged; Err may say why
	EventAmbiguous EventKind = "ambiguous" // a request carries several different tokens: one may have been planted
	EventRetired   EventKind = "retired"   // a request carries a token from before a regeneration
	EventCorrupt   EventKind = "corrupt"   // a record cannot be read; it is left alone

	EventGone     EventKind = "gone"     // a commit or touch was refused, because the session has ended
	EventConflict EventKind = "conflict" // a commit failed because of a concurrent change
	EventFailed   EventKind = "failed"   // the backend failed; Err says how
	EventTimedOut EventKind = "timedout" // the request's deadline had passed: nothing was saved
	EventUnsaved  EventKind = "unsaved"  // changes were not saved, by Config.SaveOn or because the response was written past the middleware; Err says which
)

// Event is something that happened to a session. It contains no token, no key and
// no value.
type Event struct {
	Kind     EventKind
	Session  string        // [Session.PublicID], or a fingerprint of a token that was not accepted; may be empty
	Format   string        // of the record
	Size     int           // of the record, in bytes
	Count    int           // tries
	Duration time.Duration // of the load or commit
	Err      error
}

// LogEvents returns a [Config.Observe] that writes events to logger. Failures of
// the backend have the level Error. Events that an operator should look at have
// the level Warn, refused tokens Info, and all others Debug.
func LogEvents(logger *slog.Logger) func(context.Context, Event) {
	return func(ctx context.Context, e Event) {
		level := slog.LevelDebug
		switch e.Kind {
		case EventAmbiguous, EventRetired, EventCorrupt, EventGone, EventConflict, EventTimedOut, EventUnsaved:
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
