package cookie

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Backend is a [backends.Backend] that stores nothing: a record travels in the
// token, sealed by a [Codec]. It is safe for concurrent use.
//
// What that costs: of two responses under way at once the browser keeps the
// last, so concurrent changes can be lost; a token that was copied stays valid
// until its time is over, whether or not its owner has logged out; and the
// record has to fit into a cookie of 4096 bytes, name included.
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

// defaultLifetime is how old a token may be where neither the middleware nor
// the codec says.
const defaultLifetime = 14 * 24 * time.Hour

// New returns a backend whose records travel in tokens of codec:
//
//	sessions.New(cookie.New(cookie.Encrypted(key)), nil)       // for new applications
//	sessions.New(cookie.New(cookie.Flask("secret")), nil)      // beside a Flask application
//
// A codec may have one more method, Describe() [backends.Facts], as the codecs of
// this package have. It states what is wrong with the codec's keys, which the
// constructor of the middleware returns; what is merely weak, which it logs; and
// how the middleware is to be configured, so that sharing sessions with another
// framework needs no further configuration.
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

// Format keeps the keys out of whatever prints the backend.
func (b *Backend) Format(w fmt.State, _ rune) { io.WriteString(w, "cookie.Backend") }

// Describe implements [backends.Describer] with what the codec states.
func (b *Backend) Describe() backends.Facts { return b.facts }

// Bind returns a backend that seals for the cookie of settings, and takes
// their lifetime, idle timeout and clock skew for its own.
func (b *Backend) Bind(settings backends.Settings) (backends.Backend, error) {
	bound := *b
	bound.settings = settings
	return &bound, b.facts.Err
}

// Read opens the token id. Every refusal is [backends.ErrNotFound]; the
// [Refusal] is in the error too, and [Reason] names it.
func (b *Backend) Read(ctx context.Context, id string) (backends.Record, error) {
	if err := b.ready(ctx); err != nil {
		return backends.Record{}, err
	}
	data, left, err := b.codec.Open(id, b.terms(0))
	if err != nil {
		if refusal, ok := errors.AsType[Refusal](err); ok {
			return backends.Record{}, &refused{refusal}
		}
		return backends.Record{}, err
	}
	return backends.Record{Data: data, TTL: left}, nil
}

// Write ignores id and returns the token with the record in it. It returns
// [backends.ErrTooLarge] for what no server would accept; that a cookie is
// limited to 4096 bytes is for the transport to know.
func (b *Backend) Write(ctx context.Context, _ string, record backends.Record) (string, error) {
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
		return b.facts.Err
	}
	return ctx.Err()
}

// terms are the conditions for a token that is to live for ttl, or that is
// opened.
func (b *Backend) terms(ttl time.Duration) Terms {
	maxAge := b.settings.Lifetime
	if maxAge == 0 {
		maxAge = b.facts.Defaults.Lifetime
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
func (r *refused) Unwrap() []error { return []error{backends.ErrNotFound, r.refusal} }
