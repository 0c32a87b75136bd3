package cookie

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

// endings is what a store remembers of sessions that have ended and of owners who
// were revoked, and what this process knows of it.
//
// An entry of the store is, in big-endian order:
//
//	version (1) | state (1) | time (8) | epoch (8) | the session spared, or random (16)
//
// Time is in milliseconds since 1970. A session's entry is created once and never
// changed. An owner's epoch only grows: tokens of an older one have ended.
type endings struct {
	store    backends.Backend
	cacheFor time.Duration
	stale    bool // as RevocationOptions.InsecureAsLastKnown

	mu            sync.RWMutex
	recent, older map[endingKey]known
}

const (
	entryVersion = 1
	entrySize    = 1 + 1 + 8 + 8 + 16
)

// endingKey names a session or an owner.
type endingKey struct {
	kind byte
	id   [16]byte
}

const (
	ofSession = 's'
	ofOwner   = 'o'
)

// The states of an entry; 0 means that there is none.
const (
	stateEnded    = 'e' // a session
	stateReplaced = 'r' // a session, by another one
	stateRevoked  = 'o' // an owner
)

// ending is an entry; the zero value means that there is none.
type ending struct {
	state  byte
	at     time.Time
	epoch  uint64
	spared [16]byte
}

// known is an answer of the store.
type known struct {
	ending
	asked time.Time
}

// maxKnown bounds what a process remembers: twice as many answers, of about 150
// bytes each.
const maxKnown = 1 << 15

// replacedFor is how long a token of a replaced session is told from others that
// have ended. It is what tombstones of stored sessions have.
const replacedFor = time.Minute

func newEndings(store backends.Backend, options *RevocationOptions) *endings {
	return &endings{store: store, cacheFor: options.CacheFor, stale: options.InsecureAsLastKnown}
}

// entryID is the ID of an entry in the store.
func (k endingKey) entryID() string {
	sum := sha256.Sum256(append(append([]byte("sessions ended\x00"), k.kind), k.id[:]...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (e *ending) encode() []byte {
	b := append(make([]byte, 0, entrySize), entryVersion, e.state)
	b = appendUint64(b, uint64(e.at.UnixMilli()))
	b = appendUint64(b, e.epoch)
	return append(b, e.spared[:]...)
}

var errEntry = errors.New("cookie: Revocable: the store holds something else under the ID of an entry")

func decodeEnding(data []byte) (e ending, _ error) {
	if len(data) != entrySize || data[0] != entryVersion {
		return e, errEntry
	}
	e.state = data[1]
	e.at = time.UnixMilli(int64(readUint64(data[2:])))
	e.epoch = readUint64(data[10:])
	e.spared = [16]byte(data[18:])
	return e, nil
}

func appendUint64(b []byte, n uint64) []byte { return binary.BigEndian.AppendUint64(b, n) }
func readUint64(b []byte) uint64             { return binary.BigEndian.Uint64(b) }

// check returns nil if the session of t lives, or why not: ErrNotFound, or an error
// of the store.
func (e *endings) check(ctx context.Context, t *tag, fresh bool) error {
	session, err := e.ask(ctx, endingKey{ofSession, t.session}, fresh)
	switch {
	case err != nil:
		return err
	case session.state == stateReplaced && time.Since(session.at) < replacedFor:
		return &replacedToken{}
	case session.state != 0:
		return &refused{Revoked}
	}
	return e.checkOwner(ctx, t, fresh)
}

// checkOwner is check for the owner alone.
func (e *endings) checkOwner(ctx context.Context, t *tag, fresh bool) error {
	if !t.bound {
		return nil
	}
	owner, err := e.ask(ctx, endingKey{ofOwner, t.owner}, fresh)
	if err == nil && !owner.admits(t) {
		err = &refused{Revoked}
	}
	return err
}

// admits reports whether the entry of an owner leaves the session of t alive.
func (e *ending) admits(t *tag) bool { return t.epoch >= e.epoch || t.session == e.spared }

// ask returns the entry for key, from this process if fresh is false and the
// store's answer is recent.
func (e *endings) ask(ctx context.Context, key endingKey, fresh bool) (ending, error) {
	last, found := e.recall(key)
	now := time.Now()
	if found && !fresh && now.Sub(last.asked) < e.cacheFor {
		return last.ending, nil
	}
	_, answer, err := e.read(ctx, key.entryID())
	if err != nil {
		if e.stale && ctx.Err() != context.Canceled && err != errEntry {
			return last.ending, nil
		}
		return ending{}, err
	}
	return e.learn(key, known{answer, now}), nil
}

// read asks the store for an entry.
func (e *endings) read(ctx context.Context, id string) (data []byte, _ ending, _ error) {
	record, err := backends.ReadFresh(ctx, e.store, id)
	switch {
	case errors.Is(err, backends.ErrNotFound):
		return nil, ending{}, nil
	case err != nil:
		return nil, ending{}, err
	}
	entry, err := decodeEnding(record.Data)
	return record.Data, entry, err
}

func (e *endings) recall(key endingKey) (known, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if k, ok := e.recent[key]; ok {
		return k, true
	}
	k, ok := e.older[key]
	return k, ok
}

// learn keeps an answer and returns what is known now. What has ended stays so,
// and an epoch never falls: an answer may have been on its way for long.
func (e *endings) learn(key endingKey, k known) ending {
	e.mu.Lock()
	defer e.mu.Unlock()
	last, ok := e.recent[key]
	if !ok {
		last, ok = e.older[key]
	}
	if ok && last.state != 0 && last.epoch >= k.epoch {
		k.ending = last.ending
	}
	if ok && last.asked.After(k.asked) {
		k.asked = last.asked
	}
	if e.recent == nil || len(e.recent) >= maxKnown {
		e.older, e.recent = e.recent, make(map[endingKey]known)
	}
	e.recent[key] = k
	return k.ending
}

// attempts bounds how often an entry is tried to be written.
const attempts = 8

// end notes that a session has ended, in state, unless it had ended before. It
// returns the entry that counts, and whether this call has made it.
func (e *endings) end(ctx context.Context, session [16]byte, state byte, ttl time.Duration) (found ending, mine bool, err error) {
	key := endingKey{ofSession, session}
	entry := ending{state: state, at: time.Now()}
	rand.Read(entry.spared[:]) // names this call
	data := entry.encode()
	for range attempts {
		started := time.Now()
		err = backends.Swap(ctx, e.store, key.entryID(), nil, backends.Record{Data: data, TTL: ttl, MaxTTL: ttl})
		if err == nil {
			return e.learn(key, known{entry, started}), true, nil
		}
		_, found, reading := e.read(ctx, key.entryID())
		switch {
		case reading != nil:
			return found, false, err
		case found.state != 0:
			return e.learn(key, known{found, started}), found.spared == entry.spared, nil
		case !errors.Is(err, backends.ErrConflict):
			return found, false, err // it may yet be carried out
		}
		// There was one, which has expired since.
	}
	return found, false, err
}

// revoke begins a new epoch of an owner, which ends all sessions but that of spare. A
// session that an earlier epoch has ended is not spared, or it would live again.
func (e *endings) revoke(ctx context.Context, owner [16]byte, spare *tag, ttl time.Duration) error {
	key := endingKey{ofOwner, owner}
	for {
		started := time.Now()
		old, before, err := e.read(ctx, key.entryID())
		if err != nil {
			return err
		}
		entry := ending{state: stateRevoked, at: started}
		if spare.bound && spare.owner == owner && before.admits(spare) {
			entry.spared = spare.session
		}
		entry.epoch = max(before.epoch+1, uint64(started.UnixMilli()))
		err = backends.Swap(ctx, e.store, key.entryID(), old, backends.Record{Data: entry.encode(), TTL: ttl, MaxTTL: ttl})
		switch {
		case err == nil:
			e.learn(key, known{entry, started})
			return nil
		case !errors.Is(err, backends.ErrConflict) && !errors.Is(err, backends.ErrNotFound):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

// replacedToken is [backends.ErrReplaced] with a reason.
type replacedToken struct{}

func (*replacedToken) Error() string   { return Revoked.Error() }
func (*replacedToken) Unwrap() []error { return []error{backends.ErrReplaced, Revoked} }
