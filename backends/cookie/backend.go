package cookie

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gosessions/sessions"
)

// Backend is a [sessions.Backend] that stores nothing: a record travels in the
// token, sealed by a [Codec]. It is safe for concurrent use.
//
// What that costs: of two responses under way at once the browser keeps the
// last, so concurrent changes can be lost; a token that was copied stays valid
// until its time is over, whether or not its owner has logged out; and the
// record has to fit into a cookie of 4096 bytes, name included.
type Backend struct {
	codec    Codec
	settings sessions.Settings
	defaults sessions.Defaults
}

var (
	_ sessions.Stateless = (*Backend)(nil)
	_ sessions.Toucher   = (*Backend)(nil)
	_ sessions.Preset    = (*Backend)(nil)
	_ sessions.Validator = (*Backend)(nil)
	_ sessions.Binder    = (*Backend)(nil)
	_ sessions.Warner    = (*Backend)(nil)
)

// defaultLifetime is how old a token may be where neither the middleware nor
// the codec says.
const defaultLifetime = 14 * 24 * time.Hour

// New returns a backend whose records travel in tokens of codec:
//
//	sessions.New(cookie.New(cookie.Encrypted(key)), nil)       // for new applications
//	sessions.New(cookie.New(cookie.Flask("secret")), nil)      // beside a Flask application
//
// A codec may have three methods besides its own, which the codecs of this
// package have: Validate() error for what is wrong with its keys, which
// [sessions.New] returns; Warnings() []string for what is merely weak, which it
// logs; and
// Defaults() sessions.Defaults for how the middleware is to be configured, so
// that nothing else has to be said to share sessions with another framework.
func New(codec Codec) *Backend {
	b := &Backend{codec: codec}
	if preset, ok := codec.(interface{ Defaults() sessions.Defaults }); ok {
		b.defaults = preset.Defaults()
	}
	return b
}

// Format keeps the keys out of whatever prints the backend.
func (b *Backend) Format(w fmt.State, _ rune) { io.WriteString(w, "cookie.Backend") }

// Stateless marks the backend as one whose records travel with the client.
func (b *Backend) Stateless() {}

// Defaults returns what the codec proposes.
func (b *Backend) Defaults() sessions.Defaults { return b.defaults }

// Validate returns what is wrong with the codec's keys and options.
func (b *Backend) Validate() error {
	if b.codec == nil {
		return errors.New("cookie: New: the codec is nil: give one, such as cookie.Encrypted(key)")
	}
	if v, ok := b.codec.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return nil
}

// Warnings returns what an operator should know about the codec's keys although
// they work, one sentence each.
func (b *Backend) Warnings() []string {
	if w, ok := b.codec.(interface{ Warnings() []string }); ok {
		return w.Warnings()
	}
	return nil
}

// Bind returns a backend that seals for the cookie of settings, and takes
// their lifetime, idle timeout and clock skew for its own.
func (b *Backend) Bind(settings sessions.Settings) (sessions.Backend, error) {
	bound := *b
	bound.settings = settings
	return &bound, b.Validate()
}

// Read opens the token id. Every refusal is [sessions.ErrNotFound]; the
// [Refusal] is in the error too, and [Reason] names it.
func (b *Backend) Read(ctx context.Context, id string) (sessions.Record, error) {
	if err := b.ready(ctx); err != nil {
		return sessions.Record{}, err
	}
	data, left, err := b.codec.Open(id, b.terms(0))
	if err != nil {
		if refusal, ok := errors.AsType[Refusal](err); ok {
			return sessions.Record{}, &refused{refusal}
		}
		return sessions.Record{}, err
	}
	return sessions.Record{Data: data, TTL: left}, nil
}

// Write ignores id and returns the token with the record in it. It returns
// [sessions.ErrTooLarge] for what no server would accept; that a cookie is
// limited to 4096 bytes is for the transport to know.
func (b *Backend) Write(ctx context.Context, _ string, record sessions.Record) (string, error) {
	if err := b.ready(ctx); err != nil {
		return "", err
	}
	switch {
	case record.TTL <= 0:
		return "", errors.New("cookie: Write: the record has no time to live")
	case len(record.Data) == 0:
		return "", errors.New("cookie: Write: the record has no data")
	}
	token, err := b.codec.Seal(record.Data, b.terms(record.TTL))
	if err == nil && len(token) > maxToken {
		return "", fmt.Errorf("cookie: %w: the token takes %d bytes of %d", sessions.ErrTooLarge, len(token), maxToken)
	}
	return token, err
}

// Remove does nothing: a token lives for as long as a client keeps it.
func (b *Backend) Remove(ctx context.Context, _ string) error { return b.ready(ctx) }

// Exists tells whether Read accepts the token id.
func (b *Backend) Exists(ctx context.Context, id string) (bool, error) {
	_, err := b.Read(ctx, id)
	if errors.Is(err, sessions.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Touch seals the record in the token id anew and returns the new token. The
// old one stays valid for its time.
func (b *Backend) Touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	record, err := b.Read(ctx, id)
	if err != nil {
		return "", err
	}
	record.TTL = ttl
	return b.Write(ctx, id, record)
}

// ready returns why nothing can be done.
func (b *Backend) ready(ctx context.Context) error {
	if b.codec == nil {
		return b.Validate()
	}
	return ctx.Err()
}

// terms are the conditions for a token that is to live for ttl, or that is
// opened.
func (b *Backend) terms(ttl time.Duration) Terms {
	maxAge := b.settings.Lifetime
	if maxAge == 0 {
		maxAge = b.defaults.Lifetime
	}
	if maxAge == 0 {
		maxAge = defaultLifetime
	}
	// Where only the time of signing is known, that is the time of the last
	// use: every touch signs anew.
	if idle := b.settings.IdleTimeout; idle > 0 {
		maxAge = min(maxAge, idle)
	}
	return Terms{Now: time.Now(), Cookie: b.settings.Cookie, TTL: ttl, MaxAge: maxAge, Skew: b.settings.ClockSkew}
}

// refused is a refused token as the middleware sees it: there is no session.
type refused struct{ refusal Refusal }

func (r *refused) Error() string   { return r.refusal.Error() }
func (r *refused) Unwrap() []error { return []error{sessions.ErrNotFound, r.refusal} }
