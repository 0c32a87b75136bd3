package cookie

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gosessions/sessions/backends"
)

// RevocableBackend is a [Backend] whose sessions can be ended. Make one with
// [Revocable]. It is safe for concurrent use.
type RevocableBackend struct {
	tokens  *Backend
	codec   TaggedCodec
	ended   *endings
	options RevocationOptions
	facts   backends.Facts
}

var (
	_ backends.Revoker     = (*RevocableBackend)(nil)
	_ backends.Toucher     = (*RevocableBackend)(nil)
	_ backends.FreshReader = (*RevocableBackend)(nil)
	_ backends.Binder      = (*RevocableBackend)(nil)
	_ backends.Describer   = (*RevocableBackend)(nil)
)

// RevocationOptions tune [Revocable]. The zero value is good for a store that
// answers within milliseconds.
type RevocationOptions struct {
	// CacheFor is how long an answer of the store counts in this process. For as
	// long another process may accept what has ended. 0 means 5 seconds; less
	// than 0 asks the store each time.
	CacheFor time.Duration

	// MaxLifetime is the longest time for which a session may live. The store
	// remembers for that long what has ended. 0 means Config.Lifetime: raise it
	// if the application calls SetLifetime with more.
	MaxLifetime time.Duration

	// Namespace separates applications that share the store and have owners of
	// the same names. "" means the cookie's name.
	Namespace string

	// InsecureAsLastKnown goes by what this process was told last while the store
	// cannot be reached, and takes for alive what it was never asked. By default
	// such a request fails with 503. Ending a session fails in either case.
	InsecureAsLastKnown bool

	// InsecureAcceptUntagged accepts tokens from before Revocable was switched on.
	// They end one by one, as they are presented to Destroy or RegenerateID, and
	// neither with their owner nor with other copies of their session. Switch it
	// off after one lifetime. By default such a token is not a session.
	InsecureAcceptUntagged bool
}

const defaultCacheFor = 5 * time.Second

// Revocable returns a backend that keeps sessions in tokens of codec, as [New]
// does, and in store what has ended:
//
//	sessions.New(cookie.Revocable(cookie.Encrypted(key), store, nil), nil)
//
// Destroy, RegenerateID, RevokeAll and RevokeOthers then end sessions for good,
// every copy of every token included. The store holds a small record for each
// session that has ended and for each owner who was revoked, for as long as a token
// may live, and nothing of the others; any backend that can compare and swap will
// do: memory, redis, postgres. It may be one that keeps sessions, too.
//
// What was ended by this process is refused from then on, and by other processes
// once their answer is older than [RevocationOptions].CacheFor. What they issue
// until then ends with what it was issued for. A request whose answers are at hand
// does no I/O, commits included; binding a session to an owner, RegenerateID and
// Destroy ask the store.
//
// The codec must be a [TaggedCodec]: [Encrypted], [JWT] or one of your own. The
// tokens of other frameworks have no room for what names a session; with those
// codecs the constructor of the middleware returns [errors.ErrUnsupported]. Tokens
// get up to 60 bytes longer.
func Revocable(codec Codec, store backends.Backend, options *RevocationOptions) *RevocableBackend {
	b := &RevocableBackend{tokens: New(codec)}
	if options != nil {
		b.options = *options
	}
	if b.options.CacheFor == 0 {
		b.options.CacheFor = defaultCacheFor
	}
	b.facts = b.tokens.Describe()
	if b.facts.Err == nil {
		b.facts.Err = b.check(codec, store)
	}
	if b.facts.Err != nil {
		return b
	}
	facts := backends.Describe(store)
	b.facts.Local = facts.Local
	if !facts.Local {
		store = backends.Breaker(store, nil)
	}
	b.ended = newEndings(store, &b.options)
	return b
}

// check returns what is wrong with the arguments, and keeps the codec.
func (b *RevocableBackend) check(codec Codec, store backends.Backend) error {
	var can bool
	b.codec, can = codec.(TaggedCodec)
	if jwt, ok := codec.(*jwtCodec); ok && jwt.flat {
		can = false
	}
	switch {
	case !can:
		return fmt.Errorf("cookie: Revocable: tokens of the codec %s do not say to which session they belong: use Encrypted or JWT, or keep the sessions in memory, redis or postgres: %w", codec.Name(), errors.ErrUnsupported)
	case store == nil:
		return errors.New("cookie: Revocable: the store is nil: give one, such as memory.New(nil) for a single process")
	case b.options.MaxLifetime < 0:
		return errors.New("cookie: Revocable: RevocationOptions.MaxLifetime is negative: give the longest lifetime, or 0 for Config.Lifetime")
	}
	facts := backends.Describe(store)
	switch {
	case facts.Err != nil:
		return facts.Err
	case facts.Stateless:
		return errors.New("cookie: Revocable: the store is stateless and remembers nothing: use memory, redis or postgres")
	case !backends.Has(store, backends.CanSwap):
		return fmt.Errorf("cookie: Revocable: the store cannot compare and swap: use memory, redis or postgres: %w", errors.ErrUnsupported)
	}
	b.facts.Warnings = append(b.facts.Warnings[:len(b.facts.Warnings):len(b.facts.Warnings)], facts.Warnings...)
	return nil
}

// Format keeps the keys out of whatever prints the backend.
func (b *RevocableBackend) Format(w fmt.State, _ rune) { io.WriteString(w, "cookie.RevocableBackend") }

// Describe implements [backends.Describer] with what the codec states.
func (b *RevocableBackend) Describe() backends.Facts { return b.facts }

// Bind implements [backends.Binder]: see [Backend.Bind].
func (b *RevocableBackend) Bind(settings backends.Settings) (backends.Backend, error) {
	if b.facts.Err != nil {
		return nil, b.facts.Err
	}
	tokens, err := b.tokens.Bind(settings)
	bound := *b
	bound.tokens, _ = tokens.(*Backend)
	return &bound, err
}

// tag is what a token says about its session.
type tag struct {
	session [16]byte
	bound   bool     // to an owner
	epoch   uint64   // of the owner, when the session was bound
	owner   [16]byte // a hash
}

// append appends the tag as a token holds it.
func (t *tag) append(b []byte) []byte {
	b = append(b, t.session[:]...)
	if t.bound {
		b = appendUint64(b, t.epoch)
		b = append(b, t.owner[:]...)
	}
	return b
}

// parseTag reads what append wrote.
func parseTag(b []byte) (t tag, ok bool) {
	switch len(b) {
	case len(t.session):
	case len(t.session) + 8 + len(t.owner):
		t.bound = true
		t.epoch = readUint64(b[len(t.session):])
		t.owner = [16]byte(b[len(t.session)+8:])
	default:
		return t, false
	}
	t.session = [16]byte(b)
	return t, true
}

// open opens a token, whether or not its session has ended.
func (b *RevocableBackend) open(ctx context.Context, id string) (t tag, record backends.Record, err error) {
	if b.facts.Err != nil {
		return t, record, b.facts.Err
	}
	if err := ctx.Err(); err != nil {
		return t, record, err
	}
	text, data, left, err := b.codec.OpenTagged(id, b.tokens.terms(0))
	if err != nil {
		if refusal, ok := errors.AsType[Refusal](err); ok {
			err = &refused{refusal}
		}
		return t, record, err
	}
	ok := true
	switch {
	case text != nil:
		t, ok = parseTag(text)
	case b.options.InsecureAcceptUntagged:
		sum := sha256.Sum256([]byte(id))
		t.session = [16]byte(sum[:])
	default:
		ok = false
	}
	if !ok {
		return t, record, &refused{BadPayload}
	}
	return t, backends.Record{Data: data, TTL: left}, nil
}

// Read implements [backends.Backend]. What has ended is [sessions.ErrNotFound], and
// its [Reason] is [Revoked].
func (b *RevocableBackend) Read(ctx context.Context, id string) (backends.Record, error) {
	return b.read(ctx, id, false)
}

// ReadFresh implements [backends.FreshReader].
func (b *RevocableBackend) ReadFresh(ctx context.Context, id string) (backends.Record, error) {
	return b.read(ctx, id, true)
}

func (b *RevocableBackend) read(ctx context.Context, id string, fresh bool) (backends.Record, error) {
	t, record, err := b.open(ctx, id)
	if err == nil {
		err = b.ended.check(ctx, &t, fresh)
	}
	if err != nil {
		return backends.Record{}, err
	}
	return record, nil
}

// Exists reports whether Read accepts the token id.
func (b *RevocableBackend) Exists(ctx context.Context, id string) (bool, error) {
	_, err := b.Read(ctx, id)
	if errors.Is(err, backends.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Write returns a token with the record in it: a further one of the session of the
// token id, or one of a new session if id is "". See [backends.Revoker].
func (b *RevocableBackend) Write(ctx context.Context, id string, record backends.Record) (string, error) {
	if b.facts.Err != nil {
		return "", b.facts.Err
	}
	if err := b.tokens.writable(ctx, record); err != nil {
		return "", err
	}
	var before, t tag
	if id == "" {
		rand.Read(t.session[:])
	} else {
		var err error
		if before, _, err = b.open(ctx, id); err != nil {
			return "", err
		}
		t.session = before.session
	}
	if record.Subject != "" {
		t.bound, t.owner = true, b.ownerOf(record.Subject)
	}
	sameOwner := t.bound == before.bound && t.owner == before.owner
	if id != "" {
		// Nobody gets rid of a revocation by a change of the owner.
		if err := b.ended.check(ctx, &before, !sameOwner); err != nil {
			return "", err
		}
	}
	switch {
	case sameOwner:
		t.epoch = before.epoch
	case t.bound:
		owner, err := b.ended.ask(ctx, endingKey{ofOwner, t.owner}, true)
		if err != nil {
			return "", err
		}
		t.epoch = owner.epoch
	}
	return b.seal(&t, record)
}

func (b *RevocableBackend) seal(t *tag, record backends.Record) (string, error) {
	if most := b.maxLifetime(); max(record.TTL, record.MaxTTL) > most {
		return "", fmt.Errorf("cookie: Revocable: the session would live for longer than the %v for which the store remembers its end: raise RevocationOptions.MaxLifetime", most)
	}
	var text [16 + 8 + 16]byte
	token, err := b.codec.SealTagged(t.append(text[:0]), record.Data, b.tokens.terms(record.TTL))
	return b.tokens.sealed(token, err)
}

// Touch issues a further token of the session of id.
func (b *RevocableBackend) Touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	t, record, err := b.open(ctx, id)
	if err == nil {
		err = b.ended.check(ctx, &t, false)
	}
	if err != nil {
		return "", err
	}
	record.TTL = ttl
	if err := b.tokens.writable(ctx, record); err != nil {
		return "", err
	}
	return b.seal(&t, record)
}

// errReplaced is why Remove has ended nothing.
var errReplaced = fmt.Errorf("cookie: the session lives on in another one: %w", backends.ErrConflict)

// Remove ends the session of the token id for good. See [backends.Revoker].
func (b *RevocableBackend) Remove(ctx context.Context, id string) error {
	t, _, err := b.open(ctx, id)
	switch {
	case errors.Is(err, backends.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	found, _, err := b.ended.end(ctx, t.session, stateEnded, b.memory())
	if err == nil && found.state == stateReplaced {
		return errReplaced
	}
	return err
}

// Retire implements [backends.Revoker].
func (b *RevocableBackend) Retire(ctx context.Context, id string) error {
	t, _, err := b.open(ctx, id)
	if err == nil {
		err = b.ended.checkOwner(ctx, &t, true)
	}
	if err != nil {
		return err
	}
	_, mine, err := b.ended.end(ctx, t.session, stateReplaced, b.memory())
	if err == nil && !mine {
		return &refused{Revoked}
	}
	return err
}

// RevokeIssued implements [backends.Revoker].
func (b *RevocableBackend) RevokeIssued(ctx context.Context, subject, except string) error {
	if b.facts.Err != nil || subject == "" {
		return b.facts.Err
	}
	var spare tag
	if t, _, err := b.open(ctx, except); err == nil {
		spare = t
	}
	return b.ended.revoke(ctx, b.ownerOf(subject), &spare, b.memory())
}

// maxLifetime is how long a token lives at most.
func (b *RevocableBackend) maxLifetime() time.Duration {
	for _, d := range []time.Duration{b.options.MaxLifetime, b.tokens.settings.Lifetime, b.facts.Defaults.Lifetime} {
		if d > 0 {
			return d
		}
	}
	return defaultLifetime
}

// memory is how long the store has to remember that something has ended: until
// the last token has expired that another process has issued because it did not
// know yet, with a minute for clocks that differ.
func (b *RevocableBackend) memory() time.Duration {
	return b.maxLifetime() + max(b.options.CacheFor, 0) + max(b.tokens.settings.ClockSkew, time.Minute)
}

// ownerOf returns what tokens and the store see of an owner.
func (b *RevocableBackend) ownerOf(subject string) [16]byte {
	namespace := b.options.Namespace
	if namespace == "" {
		namespace = b.tokens.settings.Cookie
	}
	text := append([]byte("sessions owner\x00"), byte(len(namespace)))
	text = append(append(text, namespace...), subject...)
	sum := sha256.Sum256(text)
	return [16]byte(sum[:])
}
