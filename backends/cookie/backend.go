package cookie

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Backend is a [backends.Backend] that stores nothing: the token itself holds
// the record, sealed by a [Codec]. It is safe for concurrent use.
//
// This has three costs. Concurrent changes can be lost, because the browser
// keeps only the last of two responses. A copied token stays valid until it
// expires, even after its owner has logged out; [Revocable] prevents that. And the
// record must fit into a cookie of 4096 bytes, including the cookie's name.
type Backend struct {
	codec    Codec
	settings backends.Settings
	facts    backends.Facts
}

var (
	_ backends.Toucher   = (*Backend)(nil)
	_ backends.Binder    = (*Backend)(nil)
	_ backends.Describer = (*Backend)(nil)
)

// defaultLifetime is how old a token may be if neither the middleware nor the
// codec sets a limit.
const defaultLifetime = 14 * 24 * time.Hour

// tolerance is by how much a token may come from the future whatever the
// settings say: the clocks of two instances are never quite the same, and a token
// that is refused here is a good one that the next response replaces. It lets no
// token live longer than its time of signing says.
const tolerance = 5 * time.Second

// New returns a backend whose records travel in tokens of codec:
//
//	sessions.New(cookie.New(cookie.Encrypted(key)), nil)       // for new applications
//	sessions.New(cookie.New(cookie.Flask("secret")), nil)      // beside a Flask application
//
// A codec may have a further method, Describe() [backends.Facts], as the codecs
// of this package do. It reports errors in the codec's keys, which the
// middleware's constructor returns; weaknesses, which the middleware logs; and
// defaults for the middleware's configuration, so that sharing sessions with
// another framework needs no further configuration.
func New(codec Codec) *Backend {
	b := &Backend{codec: codec}
	switch c := codec.(type) {
	case nil:
		b.facts.Err = errors.New("cookie: New: the codec is nil: give one, such as cookie.Encrypted(key)")
	case describer:
		b.facts = c.Describe()
	}
	b.facts.Stateless = true
	return b
}

// describer is a [Codec] that states facts about itself.
type describer interface{ Describe() backends.Facts }

// Format implements [fmt.Formatter], so that printing the backend never prints
// its keys.
func (b *Backend) Format(w fmt.State, _ rune) { io.WriteString(w, "cookie.Backend") }

// Describe implements [backends.Describer] with what the codec states.
func (b *Backend) Describe() backends.Facts {
	if b.codec == nil && b.facts.Err == nil {
		return New(nil).facts
	}
	return b.facts
}

// Bind returns a backend that seals for the cookie of settings, and takes
// their lifetime, idle timeout and clock skew for its own. Five seconds from the
// future are accepted also with a smaller clock skew.
func (b *Backend) Bind(settings backends.Settings) (backends.Backend, error) {
	bound := *b
	bound.settings = settings
	return &bound, b.facts.Err
}

// Read opens the token id. If the token is refused, the error matches
// [backends.ErrNotFound] and also wraps the [Refusal], which [Reason] returns.
func (b *Backend) Read(ctx context.Context, id string) (backends.Record, error) {
	if err := b.ready(ctx); err != nil {
		return backends.Record{}, err
	}
	terms := b.terms(0)
	terms.Skew = max(terms.Skew, tolerance)
	data, left, err := b.codec.Open(id, terms)
	if err != nil {
		if refusal, ok := errors.AsType[Refusal](err); ok {
			return backends.Record{}, &refused{refusal}
		}
		return backends.Record{}, err
	}
	return backends.Record{Data: data, TTL: left}, nil
}

// Write ignores id and returns a token that holds the record. It returns
// [backends.ErrTooLarge] for a token that no server would accept; the transport
// enforces the cookie's own limit of 4096 bytes.
func (b *Backend) Write(ctx context.Context, _ string, record backends.Record) (string, error) {
	if err := b.writable(ctx, record); err != nil {
		return "", err
	}
	return b.sealed(b.codec.Seal(record.Data, b.terms(record.TTL)))
}

// writable returns why no token can be made of record.
func (b *Backend) writable(ctx context.Context, record backends.Record) error {
	if err := b.ready(ctx); err != nil {
		return err
	}
	switch {
	case record.TTL <= 0:
		return errors.New("cookie: Write: the record has no time to live")
	case len(record.Data) == 0:
		return errors.New("cookie: Write: the record has no data")
	}
	return nil
}

// sealed returns what a codec has made, unless it is too large.
func (b *Backend) sealed(token string, err error) (string, error) {
	if err == nil && len(token) > maxToken {
		return "", fmt.Errorf("cookie: %w: the token takes %d bytes of %d", backends.ErrTooLarge, len(token), maxToken)
	}
	return token, err
}

// Remove does nothing: a token lives for as long as a client keeps it.
func (b *Backend) Remove(ctx context.Context, _ string) error { return b.ready(ctx) }

// Exists reports whether Read accepts the token id.
func (b *Backend) Exists(ctx context.Context, id string) (bool, error) {
	_, err := b.Read(ctx, id)
	if errors.Is(err, backends.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Touch seals the record in the token id again and returns the new token. The
// old one stays valid until it expires.
func (b *Backend) Touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	record, err := b.Read(ctx, id)
	if err != nil {
		return "", err
	}
	record.TTL = ttl
	return b.Write(ctx, id, record)
}

// ready returns an error if the codec is unusable or ctx has ended.
func (b *Backend) ready(ctx context.Context) error {
	if b.codec == nil {
		return b.facts.Err
	}
	return ctx.Err()
}

// terms returns the conditions for sealing a token that is to live for ttl, or
// for opening one.
func (b *Backend) terms(ttl time.Duration) Terms {
	maxAge := b.settings.Lifetime
	if maxAge == 0 {
		maxAge = b.facts.Defaults.Lifetime
	}
	if maxAge == 0 {
		maxAge = defaultLifetime
	}
	// A codec that stores only the time of signing stores the time of the last
	// use, because every touch signs again.
	if idle := b.settings.IdleTimeout; idle > 0 {
		maxAge = min(maxAge, idle)
	}
	return Terms{Now: time.Now(), Cookie: b.settings.Cookie, TTL: ttl, MaxAge: maxAge, Skew: b.settings.ClockSkew}
}

// refused is the error for a refused token. The middleware sees that there is
// no session.
type refused struct{ refusal Refusal }

func (r *refused) Error() string { return r.refusal.Error() }
func (r *refused) Unwrap() []error {
	if r.refusal == Expired {
		return []error{backends.ErrExpired, r.refusal}
	}
	return []error{backends.ErrNotFound, r.refusal}
}
