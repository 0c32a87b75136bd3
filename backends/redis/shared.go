package redis

import (
	"context"
	"fmt"
	"io"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/itsdangerous"
)

// Shared is a backend that shares its sessions with a Python framework: each
// side can read, change and end the sessions of the other. [FlaskSession] and
// [Starsessions] make one. It gives the middleware the framework's
// configuration as defaults.
//
// No change is lost between instances in Go. Python overwrites whole records
// without comparing, so if one request on each side changes a session at the
// same time, the last one wins. There is no index of owners, because these
// formats do not store an owner.
type Shared struct {
	store    store
	name     string // "FlaskSession"
	defaults backends.Defaults
	mint     func() string
	valid    func(sid string) bool
	signer   *itsdangerous.Signer // nil: IDs are not signed
	warnings []string
	invalid  error
}

var (
	_ backends.Backend     = (*Shared)(nil)
	_ backends.Swapper     = (*Shared)(nil)
	_ backends.Toucher     = (*Shared)(nil)
	_ backends.Walker      = (*Shared)(nil)
	_ backends.FreshReader = (*Shared)(nil)
	_ backends.Describer   = (*Shared)(nil)
	_ backends.Binder      = (*Shared)(nil)
	_ backends.Minter      = (*Shared)(nil)
)

func newShared(name string, client goredis.UniversalClient, prefix string, defaults backends.Defaults) *Shared {
	defaults.Cookie = "session"
	defaults.IDs = backends.RawIDs
	defaults.EmptyIsAbsent = true
	return &Shared{
		store: store{
			client:  client,
			prefix:  prefix,
			script:  &exactScript,
			cached:  caches(client),
			withTTL: defaults.SlidingLifetime,
		},
		name:     name,
		defaults: defaults,
		invalid:  validate(client, prefix),
	}
}

// Describe implements [backends.Describer].
func (b *Shared) Describe() backends.Facts {
	if b.store.client == nil && b.invalid == nil {
		return backends.Facts{Err: errNotMade}
	}
	return backends.Facts{Err: b.invalid, Warnings: b.warnings, Defaults: b.defaults}
}

// Format implements [fmt.Formatter], so that printing the backend never prints
// its secrets.
func (b *Shared) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "redis."+b.name) }

// Bind implements [backends.Binder]: with an idle timeout, reads also return
// the remaining TTL.
func (b *Shared) Bind(settings backends.Settings) (backends.Backend, error) {
	bound := *b
	bound.store.withTTL = b.store.withTTL || settings.IdleTimeout > 0
	return &bound, nil
}

// MintID implements [backends.Minter].
func (b *Shared) MintID() string {
	sid := b.mint()
	if b.signer != nil {
		return b.signer.Sign(sid)
	}
	return sid
}

// ValidID implements [backends.Minter]. If IDs are signed it verifies the
// signature.
func (b *Shared) ValidID(id string) bool {
	if b.signer != nil {
		sid, err := b.signer.Unsign(id)
		return err == nil && b.valid(sid)
	}
	return b.valid(id)
}

// sid returns the ID without its signature.
func (b *Shared) sid(id string) string {
	if b.signer != nil {
		if sid, err := b.signer.Unsign(id); err == nil {
			return sid
		}
	}
	return id
}

// Read implements [backends.Backend]: one GET, together with a PTTL if using a
// session extends its life.
func (b *Shared) Read(ctx context.Context, id string) (backends.Record, error) {
	value, ttl, err := b.store.get(ctx, b.sid(id))
	return backends.Record{Data: value, TTL: ttl}, err
}

// ReadFresh implements [backends.FreshReader] for a client that caches.
func (b *Shared) ReadFresh(ctx context.Context, id string) (backends.Record, error) {
	value, ttl, err := b.store.getFresh(ctx, b.sid(id))
	return backends.Record{Data: value, TTL: ttl}, err
}

// Write implements [backends.Backend]: one SET.
func (b *Shared) Write(ctx context.Context, id string, record backends.Record) (string, error) {
	if err := checkRecord(record); err != nil {
		return "", err
	}
	return id, b.store.set(ctx, b.sid(id), record.Data, record.TTL)
}

// Remove implements [backends.Backend]: one DEL.
func (b *Shared) Remove(ctx context.Context, id string) error {
	return b.store.remove(ctx, b.sid(id))
}

// Exists implements [backends.Backend]: one EXISTS.
func (b *Shared) Exists(ctx context.Context, id string) (bool, error) {
	return b.store.exists(ctx, b.sid(id))
}

// Touch implements [backends.Toucher]: one PEXPIRE.
func (b *Shared) Touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	return id, b.store.touch(ctx, b.sid(id), ttl)
}

// Swap implements [backends.Swapper]: one EVALSHA, or one SET if old is nil.
func (b *Shared) Swap(ctx context.Context, id string, old []byte, new backends.Record) error {
	sid := b.sid(id)
	if old != nil && new.Data == nil {
		return b.store.swapOut(ctx, sid, old)
	}
	if err := checkRecord(new); err != nil {
		return err
	}
	if old == nil {
		return b.store.create(ctx, sid, new.Data, new.TTL)
	}
	_, err := b.store.swap(ctx, sid, old, new.Data, new.TTL)
	return err
}

// Walk implements [backends.Walker] with SCAN. It passes IDs without a
// signature; all methods accept such IDs.
func (b *Shared) Walk(ctx context.Context, visit func(backends.Entry) error) error {
	return b.store.walk(ctx, func(sid string, value []byte, ttl time.Duration) error {
		return visit(backends.Entry{ID: sid, Record: backends.Record{Data: value, TTL: ttl}})
	})
}
