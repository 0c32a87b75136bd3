package redis

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
)

// DefaultPrefix is what the keys of sessions begin with unless
// [Options.Prefix] says otherwise.
const DefaultPrefix = "sessions:"

// Options tune a [Backend]. The zero value is good for most.
type Options struct {
	// Prefix is what the keys of sessions begin with; "" means
	// [DefaultPrefix]. The keys of the owners' indexes begin with "subjects:"
	// and Prefix. Everything under these two belongs to the backend.
	Prefix string

	// NearCache lets reads be answered from this process's memory: 0 means no,
	// otherwise it is for how long at most. The server tells within some
	// milliseconds what has changed, so the bound counts only if its word is
	// lost. Until then another process's change is not seen, a logout for one;
	// but nothing that was changed is overwritten, and nothing that ended is
	// brought back, because commits compare what is stored.
	//
	// Only [Open] makes one (go-redis calls the feature experimental), for a
	// single server and the database 0, and it cannot be had together with an
	// idle timeout. It holds up to 64 MiB.
	NearCache time.Duration
}

// Backend keeps sessions in Redis. It has every ability but to rotate in one
// step, for which two IDs would have to be in one slot of a cluster, and to
// sweep, which the server does itself.
//
// A call ends when its context reaches its deadline. A context that is
// cancelled ends it only while it waits for a connection: go-redis does not
// interrupt a reply.
type Backend struct {
	store    store
	lifetime time.Duration // how long a record may live that does not say
	close    func() error  // what New does not open, Close does not close
	invalid  error
}

var (
	_ backends.Backend      = (*Backend)(nil)
	_ backends.Swapper      = (*Backend)(nil)
	_ backends.Toucher      = (*Backend)(nil)
	_ backends.SubjectIndex = (*Backend)(nil)
	_ backends.Walker       = (*Backend)(nil)
	_ backends.FreshReader  = (*Backend)(nil)
	_ backends.Describer    = (*Backend)(nil)
	_ backends.Binder       = (*Backend)(nil)
)

// New returns a backend over client, which stays the caller's to close. nil
// options mean the defaults.
//
// The client must be configured with ContextTimeoutEnabled, and must not read
// from replicas. It may retry: commits are sent once all the same. New does not
// fail and does not connect; [sessions.New] reports what [Backend.Validate]
// finds.
func New(client goredis.UniversalClient, options *Options) *Backend {
	prefix, invalid := DefaultPrefix, error(nil)
	if options != nil {
		if options.Prefix != "" {
			prefix = options.Prefix
		}
		if options.NearCache != 0 {
			invalid = errors.New("redis: Options.NearCache is for redis.Open: give New a client that has one, or none")
		}
	}
	return &Backend{
		store:   store{client: client, prefix: prefix, script: &swapScript, cached: caches(client)},
		invalid: errors.Join(validate(client, prefix), invalid),
	}
}

// Describe implements [backends.Describer].
func (b *Backend) Describe() backends.Facts { return backends.Facts{Err: b.invalid} }

// Bind implements [backends.Binder]: with an idle timeout reads also return
// what is left of a record's life.
func (b *Backend) Bind(settings backends.Settings) (backends.Backend, error) {
	if settings.IdleTimeout > 0 && b.store.forget != nil {
		return nil, errors.New("redis: Options.NearCache and Config.IdleTimeout exclude each other: the timeout takes a look at the server with every read")
	}
	bound := *b
	bound.lifetime = settings.Lifetime
	bound.store.withTTL = settings.IdleTimeout > 0
	return &bound, nil
}

// Close closes the client if [Open] made it, and does nothing otherwise.
func (b *Backend) Close() error {
	if b.close == nil {
		return nil
	}
	return b.close()
}

// Read implements [backends.Backend]: one GET, and a PTTL with it where there is
// an idle timeout; Record.TTL is 0 without.
func (b *Backend) Read(ctx context.Context, id string) (backends.Record, error) {
	value, ttl, err := b.store.get(ctx, id)
	if err != nil {
		return backends.Record{}, err
	}
	return backends.Record{Data: dataOf(value), TTL: ttl}, nil
}

// ReadFresh implements [backends.FreshReader] for a client that caches.
func (b *Backend) ReadFresh(ctx context.Context, id string) (backends.Record, error) {
	value, ttl, err := b.store.getFresh(ctx, id)
	if err != nil {
		return backends.Record{}, err
	}
	return backends.Record{Data: dataOf(value), TTL: ttl}, nil
}

// Write implements [backends.Backend]: one SET, after one EVALSHA for the index
// if the record has an owner.
func (b *Backend) Write(ctx context.Context, id string, record backends.Record) (string, error) {
	value, place, err := b.value(ctx, id, record)
	if err != nil {
		return "", err
	}
	err = b.store.set(ctx, id, value, record.TTL)
	b.release(ctx, place, err)
	return id, err
}

// Remove implements [backends.Backend]: one DEL.
func (b *Backend) Remove(ctx context.Context, id string) error {
	return b.store.remove(ctx, id)
}

// Exists implements [backends.Backend]: one EXISTS.
func (b *Backend) Exists(ctx context.Context, id string) (bool, error) {
	return b.store.exists(ctx, id)
}

// Touch implements [backends.Toucher]: one PEXPIRE.
func (b *Backend) Touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	return id, b.store.touch(ctx, id, ttl)
}

// Swap implements [backends.Swapper]: one EVALSHA, or one SET where old is nil.
// It takes two more, once, when a record that is stored gets an owner or a later
// deadline than the owner's index knows, and one more when a new record has an
// owner. With a limit, an owner who gets a record costs one more.
func (b *Backend) Swap(ctx context.Context, id string, old []byte, new backends.Record) error {
	if old != nil && new.Data == nil {
		return b.store.swapOut(ctx, id, old)
	}
	if err := checkRecord(new); err != nil {
		return err
	}
	switch {
	case old == nil:
		value, place, err := b.value(ctx, id, new)
		if err != nil {
			return err
		}
		err = b.store.create(ctx, id, value, new.TTL)
		b.release(ctx, place, err)
		return err
	case new.Subject == "":
		_, err := b.store.swap(ctx, id, old, seal(new.Data), new.TTL)
		return err
	}
	return b.swapOwned(ctx, id, old, new)
}

// swapOwned replaces a value by one that has an owner.
func (b *Backend) swapOwned(ctx context.Context, id string, old []byte, new backends.Record) error {
	owner := subjectOf(new.Subject)
	reply, err := b.store.swap(ctx, id, old, new.Data, new.TTL, owner.tag(), seconds(b.life(new)))
	switch {
	case err != nil:
		return err
	case reply == swapUnfiled:
		value, place, err := b.value(ctx, id, new)
		if err != nil {
			return err
		}
		_, err = b.store.swap(ctx, id, old, value, new.TTL)
		b.release(ctx, place, err)
		return err
	case reply == swapLapsing:
		f, err := b.file(ctx, id, new, &owner)
		if err != nil {
			return err
		}
		ends := binary.BigEndian.AppendUint32(nil, uint32(f.ends))
		reply, err = b.store.swap(ctx, id, old, new.Data, new.TTL, owner.tag(), 0, ends)
		if err == nil && reply == swapUnfiled {
			err = backends.ErrConflict // it has got another owner meanwhile
		}
		return err
	}
	return nil
}

// value returns what to store for record, whose owner's index then knows of it,
// and the place that it has there only for now.
func (b *Backend) value(ctx context.Context, id string, record backends.Record) ([]byte, reservation, error) {
	if err := checkRecord(record); err != nil {
		return nil, reservation{}, err
	}
	if record.Subject == "" {
		return seal(record.Data), reservation{}, nil
	}
	owner := subjectOf(record.Subject)
	var f filing
	var place reservation
	var err error
	if record.SubjectLimit > 0 {
		f, place, err = b.reserve(ctx, id, record, &owner)
	} else {
		f, err = b.file(ctx, id, record, &owner)
	}
	if err != nil {
		return nil, reservation{}, err
	}
	return sealOwned(record.Data, f, &owner), place, nil
}
