package sessions

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"math/big"
	"reflect"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// store is a backend together with the format and the IDs of its records. It is the
// only door to the backend: every call goes through a method in this file, which
// labels the error with the operation that failed. A store does not change after
// newStore and has no locks.
type store struct {
	backend   Backend
	format    serializer.Format
	values    serializer.Serializer // format's
	holds     serializer.Holds
	ids       IDs
	namespace string
	defaults  backends.Defaults
	minter    backends.Minter // nil if this package makes the tokens

	stateless bool
	revokes   bool // stateless, and remembers what has ended
	local     bool
	swaps     bool
	rotates   bool
	subjects  bool
}

func newStore(b Backend, f serializer.Format, ids IDs, namespace string) *store {
	facts := backends.Describe(b)
	minter, _ := backends.As[backends.Minter](b)
	revokes := facts.Stateless && backends.Has(b, backends.CanRevoke)
	return &store{
		backend:   b,
		format:    f,
		values:    f.Serializer(),
		holds:     f.Holds(),
		ids:       ids,
		namespace: namespace,
		defaults:  facts.Defaults,
		minter:    minter,
		stateless: facts.Stateless,
		revokes:   revokes,
		local:     facts.Local || facts.Stateless && !revokes,
		swaps:     backends.Has(b, backends.CanSwap),
		rotates:   backends.Has(b, backends.CanRotate),
		subjects:  backends.Has(b, backends.CanSubjects),
	}
}

// mint returns a new token.
func (st *store) mint() string {
	if st.minter != nil {
		return st.minter.MintID()
	}
	return newID()
}

// key returns the ID for a token that this store made.
func (st *store) key(token string) string {
	id, _ := st.idOf(token)
	return id
}

// idOf returns the ID under which the backend keeps the session of token. It returns
// false if this store cannot have made token. It does no I/O.
func (st *store) idOf(token string) (id string, ok bool) {
	switch {
	case token == "" || len(token) > maxToken:
		return "", false
	case st.stateless:
		return token, true
	case st.minter != nil:
		if !st.minter.ValidID(token) {
			return "", false
		}
		if st.ids == RawIDs {
			return token, true
		}
		return hashID(st.namespace, sha256.Sum256([]byte(token))), true
	}
	raw, ok := decodeID(token)
	if !ok {
		return "", false
	}
	if st.ids == RawIDs {
		return token, true
	}
	return hashID(st.namespace, raw), true
}

// tombstones reports whether a tombstone can replace a record, so that later
// requests see that the session got another ID or has ended.
func (st *store) tombstones() bool { return !st.stateless && st.holds.Retired }

// ends reports whether a session ends for good when the store removes it.
func (st *store) ends() bool { return !st.stateless || st.revokes }

// freshness selects whether a cache may answer a read.
type freshness bool

const (
	cached freshness = false
	fresh  freshness = true
)

// read reads the record under id into into. It returns ErrNotFound if there is none
// or if its absolute deadline has passed, and an error of the format as it is.
func (st *store) read(ctx context.Context, id string, f freshness, lifetime time.Duration, into *snapshot) error {
	var record Record
	var err error
	if f == fresh {
		record, err = backends.ReadFresh(ctx, st.backend, id)
	} else {
		record, err = st.backend.Read(ctx, id)
	}
	if err != nil {
		return label(backends.OpRead, err)
	}
	into.id, into.data, into.ttl = id, record.Data, record.TTL
	if err := st.unpack(id, record.Data, &into.content); err != nil {
		return err
	}
	now := time.Now()
	if into.content.Created.After(now) {
		// Another clock is ahead, or a program wrote a wrong time. The session
		// must not live longer because of that.
		into.content.Created = now.Truncate(time.Second)
	}
	if end := deadline(&into.content, lifetime); !end.IsZero() && !now.Before(end) {
		return backends.ErrExpired
	}
	return nil
}

// pack lays content out as what is stored under id.
func (st *store) pack(id string, content *serializer.Content) ([]byte, error) {
	return serializer.PackFor(st.format, id, content)
}

// unpack reads what is stored under id.
func (st *store) unpack(id string, data []byte, content *serializer.Content) error {
	return serializer.UnpackFor(st.format, id, data, content)
}

func (st *store) write(ctx context.Context, id string, record Record) (string, error) {
	newID, err := st.backend.Write(ctx, id, record)
	return newID, label(backends.OpWrite, err)
}

func (st *store) remove(ctx context.Context, id string) error {
	return label(backends.OpRemove, st.backend.Remove(ctx, id))
}

// swap is [backends.Swap]. If the backend cannot swap, it reads, compares and then
// replaces the record, and a change in between is lost.
func (st *store) swap(ctx context.Context, id string, old []byte, new Record) error {
	if st.swaps {
		return label(backends.OpSwap, backends.Swap(ctx, st.backend, id, old, new))
	}
	current, err := st.backend.Read(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound) && old == nil:
	case err != nil:
		return label(backends.OpRead, err)
	case !bytes.Equal(current.Data, old):
		return ErrConflict
	}
	if new.Data == nil {
		return st.remove(ctx, id)
	}
	_, err = st.write(ctx, id, new)
	return err
}

func (st *store) rotate(ctx context.Context, id string, old []byte, tombstone Record, newID string, new Record) error {
	return label(backends.OpRotate, backends.Rotate(ctx, st.backend, id, old, tombstone, newID, new))
}

func (st *store) retire(ctx context.Context, id string) error {
	return label(backends.OpRetire, backends.Retire(ctx, st.backend, id))
}

func (st *store) touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	newID, err := backends.Touch(ctx, st.backend, id, ttl)
	return newID, label(backends.OpTouch, err)
}

func (st *store) list(ctx context.Context, subject string) ([]backends.Entry, error) {
	list, err := backends.ListSubject(ctx, st.backend, subject)
	return list, label(backends.OpList, err)
}

// revoke ends the sessions of subject but the one under the ID except, and returns
// how many there were, if the store knows.
func (st *store) revoke(ctx context.Context, subject, except string) (int, error) {
	if st.revokes {
		return 0, label(backends.OpRevoke, backends.RevokeIssued(ctx, st.backend, subject, except))
	}
	n, err := backends.RevokeSubject(ctx, st.backend, subject, except)
	return n, label(backends.OpRevoke, err)
}

func (st *store) trim(ctx context.Context, subject string, max int, keep string) ([]string, error) {
	removed, err := backends.TrimSubject(ctx, st.backend, subject, max, keep)
	return removed, label(backends.OpTrim, err)
}

// absent reports whether content is empty and this store keeps no empty sessions, so
// that the record and the token must be removed.
func (st *store) absent(content *serializer.Content) bool {
	if !st.stateless && !st.defaults.EmptyIsAbsent {
		return false
	}
	for _, f := range content.Fields {
		if !st.defaults.PersistenceIsEmpty || f.Key != st.holds.PersistenceKey {
			return false
		}
	}
	return content.Subject == ""
}

// persistence returns whether the cookie is persistent according to content: to the
// value under the format's persistence key, or to content.Persistence.
func (st *store) persistence(content *serializer.Content) serializer.Persistence {
	if key := st.holds.PersistenceKey; key != "" {
		if data := lookup(content.Fields, key); data != nil {
			if st.isTrue(data) {
				return serializer.Persistent
			}
			return serializer.BrowserSession
		}
	}
	return content.Persistence
}

// isTrue reports whether Python takes the encoded value for true.
func (st *store) isTrue(data []byte) bool {
	var yes bool
	if st.values.Unmarshal(data, &yes) == nil {
		return yes
	}
	var value any
	if st.values.Unmarshal(data, &value) != nil {
		return false
	}
	if n, ok := value.(*big.Int); ok {
		return n.Sign() != 0
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Invalid: // None
		return false
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() > 0
	case reflect.Int64, reflect.Float64:
		return !v.IsZero()
	}
	return true
}

// answers are the errors that concern the session, and not the backend's health.
var answers = []error{ErrNotFound, ErrConflict, ErrGone, ErrTooLarge, ErrSubjectLimit, errors.ErrUnsupported, serializer.ErrType}

// label returns err as a *BackendError with op. It returns nil and answers as they
// are.
func label(op backends.Op, err error) error {
	if err == nil {
		return nil
	}
	for _, answer := range answers {
		if errors.Is(err, answer) {
			return err
		}
	}
	return &BackendError{Op: op, Err: err}
}

// undecided reports whether an operation of a store that returned err may have been
// applied nevertheless.
func undecided(err error) bool {
	failure, ok := errors.AsType[*BackendError](err)
	if !ok || errors.Is(err, backends.ErrNotApplied) {
		return false // an answer
	}
	switch failure.Op {
	case backends.OpRead, backends.OpExists, backends.OpList:
		return false
	}
	return true
}
