package redis

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// StarsessionsOptions are the settings that the application has changed. The
// zero value means the defaults of starsessions.
type StarsessionsOptions struct {
	Prefix string // prefix of its RedisStore; "" means "starsessions."

	// Rolling is true if rolling is True: the lifetime counts from the last
	// use.
	Rolling bool

	// Unused is gc_ttl of its RedisStore: how long to keep a session that ends
	// with the browser. 0 means 30 days.
	Unused time.Duration
}

// Starsessions returns a backend that shares its sessions with the RedisStore
// of starsessions 2 and its JsonSerializer, without an encryptor. The lifetime
// is that of its SessionMiddleware; 0 means cookies that end with the browser.
// Nil options mean that the application uses the default settings otherwise.
//
// If the lifetime counts from the last use, as it also does with a lifetime of
// 0, every change counts as a use, and a request that only reads counts once a
// tenth of the lifetime has passed.
func Starsessions(client goredis.UniversalClient, lifetime time.Duration, options *StarsessionsOptions) *Shared {
	var o StarsessionsOptions
	if options != nil {
		o = *options
	}
	if o.Prefix == "" {
		o.Prefix = "starsessions."
	}
	if o.Unused == 0 {
		o.Unused = 30 * 24 * time.Hour
	}
	defaults := backends.Defaults{
		Format:     serializer.StarsessionsFormat,
		Lifetime:   lifetime,
		Duplicates: backends.LastOnly,
	}
	if lifetime == 0 {
		defaults.Lifetime, defaults.BrowserSession = o.Unused, true
	}
	if lifetime == 0 || o.Rolling {
		defaults.Format, defaults.SlidingLifetime = rolling{defaults.Format}, true
	}
	b := newShared("Starsessions", client, o.Prefix, defaults)
	if lifetime < 0 || o.Unused < 0 {
		b.invalid = errors.Join(b.invalid, errors.New("redis: Starsessions: a lifetime is negative: give the application's own"))
	}
	b.mint = func() string {
		raw := make([]byte, 16)
		_, _ = rand.Read(raw) // it never fails
		return hex.EncodeToString(raw)
	}
	b.valid = func(sid string) bool { return isMadeOf(sid, "-._~+/=") }
	return b
}

// rolling is a format that keeps the time of creation but does not let it end
// the session.
type rolling struct{ serializer.Format }

// Holds implements [serializer.Format].
func (f rolling) Holds() serializer.Holds {
	holds := f.Format.Holds()
	holds.Created, holds.Lifetime = false, false
	return holds
}

// Unpack implements [serializer.Format].
func (f rolling) Unpack(data []byte, content *serializer.Content) error {
	err := f.Format.Unpack(data, content)
	content.Created = time.Time{}
	return err
}

// Pack implements [serializer.Format].
func (f rolling) Pack(content *serializer.Content) ([]byte, error) {
	if content.Foreign == nil {
		return f.Format.Pack(content)
	}
	var before serializer.Content
	metadata := append(append([]byte(`{"__metadata__": `), content.Foreign...), '}')
	if err := f.Format.Unpack(metadata, &before); err != nil {
		return nil, err
	}
	with := *content
	with.Created = before.Created
	return f.Format.Pack(&with)
}
