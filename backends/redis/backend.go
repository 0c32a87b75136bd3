package redis

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends"
)

// DefaultPrefix is the prefix of the sessions' keys unless [Options.Prefix]
// sets another.
const DefaultPrefix = "sessions:"

// Options configure a [Backend]. The zero value suits most programs.
type Options struct {
	// Prefix is the prefix of the sessions' keys; "" means [DefaultPrefix]. The
	// keys of the owners' indexes begin with "subjects:" and Prefix. All keys
	// with these two prefixes belong to the backend.
	Prefix string

	// NearCache is how long reads may be answered from this process's memory; 0
	// means never. The server reports changes within some milliseconds, so this
	// bound matters only if its message is lost. Until then reads do not see
	// another process's changes, such as a logout. But no change is overwritten
	// and no ended session comes back, because commits compare with what is
	// stored.
	//
	// Only [Open] supports it, for a single server and the database 0, and not
	// together with an idle timeout. The cache holds up to 64 MiB. It uses a
	// feature of go-redis that is marked experimental.
	NearCache time.Duration
}

// Backend keeps sessions in Redis. It has every ability except
// [backends.Rotator], for which two IDs would have to be in one slot of a
// cluster, and [backends.Sweeper], because the server itself removes expired
// keys.
//
// A call ends when its context reaches its deadline. Canceling the context ends
// it at once while it waits for a connection or was sent together with others;
// go-redis does not interrupt the reply to a single command.
type Backend struct {
	store    store
	lifetime time.Duration // of records without a MaxTTL
	close    func() error  // nil if New was given the client
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

// New returns a backend that uses client. The caller still has to close client.
// Nil options mean the defaults.
//
// Each command goes out by itself; only a backend that [Open] made sends what
// concurrent calls ask together. The client must be configured with
// ContextTimeoutEnabled, and must not read from replicas. It may retry: commits are
// sent only once in any case. New does not connect and does not fail: if its
// arguments are invalid, the middleware's constructor returns the error that
// [Backend.Describe] reports.
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
func (b *Backend) Describe() backends.Facts {
	if b.store.client == nil && b.invalid == nil {
		return backends.Facts{Err: errNotMade}
	}
	return backends.Facts{Err: b.invalid}
}

var errNotMade = errors.New("redis: the backend is a zero value: make it with redis.Open, redis.New, redis.FlaskSession or redis.Starsessions")

// Bind implements [backends.Binder]: with an idle timeout, reads also return
// the remaining TTL.
func (b *Backend) Bind(settings backends.Settings) (backends.Backend, error) {
	if settings.IdleTimeout > 0 && b.store.forget != nil {
		return nil, errors.New("redis: Options.NearCache and Config.IdleTimeout exclude each other, because an idle timeout needs an answer from the server with every read: leave one out")
	}
	bound := *b
	bound.lifetime = settings.Lifetime
	bound.store.withTTL = settings.IdleTimeout > 0
	return &bound, nil
}

// Close waits for the reads and commits that are under way and closes the client
// if [Open] made it. Later calls return [goredis.ErrClosed]. It does nothing for
// a client that [New] was given.
func (b *Backend) Close() error {
	if b.close == nil {
		return nil
	}
	return b.close()
}

// Read implements [backends.Backend]: one GET, together with a PTTL if there is
// an idle timeout. Without one Record.TTL is 0.
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

// Swap implements [backends.Swapper]: one EVALSHA, or one SET if old is nil. It
// takes one more command if a new record has an owner, and two more, once, if a
// stored record gets an owner or a later deadline than the owner's index holds.
// With a limit, giving a record to an owner takes one more.
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

// swapOwned replaces a value with one that has an owner.
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
			return backends.NotApplied(err)
		}
		ends := binary.BigEndian.AppendUint32(nil, uint32(f.ends))
		reply, err = b.store.swap(ctx, id, old, new.Data, new.TTL, owner.tag(), 0, ends)
		if err == nil && reply == swapUnfiled {
			err = backends.ErrConflict // it has another owner by now
		}
		return err
	}
	return nil
}

// value files record in its owner's index and returns the value to store, and
// the reservation to release after the write.
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
	switch {
	case errors.Is(err, backends.ErrSubjectLimit):
		return nil, reservation{}, err
	case err != nil:
		return nil, reservation{}, backends.NotApplied(err) // whatever became of the entry
	}
	return sealOwned(record.Data, f, &owner), place, nil
}
