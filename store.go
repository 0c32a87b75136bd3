package sessions

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// store is a backend and the way in which sessions are kept in it. It is the one
// door to the backend: every call goes through a method in this file, and every
// error comes back labeled with the operation that failed.
type store struct {
	backend   Backend
	format    serializer.Format
	values    serializer.Serializer // of format
	holds     serializer.Holds
	ids       IDs
	namespace string
	defaults  backends.Defaults
	minter    backends.Minter // nil: IDs are our own

	stateless bool
	local     bool
	swaps     bool
	rotates   bool
	subjects  bool
}

func newStore(b Backend, f serializer.Format, ids IDs, namespace string) *store {
	facts := backends.Describe(b)
	minter, _ := backends.As[backends.Minter](b)
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
		local:     facts.Local || facts.Stateless,
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

// key returns the ID under which the backend keeps the session of a token that
// this store made.
func (st *store) key(token string) string {
	id, _ := st.idOf(token)
	return id
}

// idOf returns the ID under which the backend keeps the session of token, and
// false, without I/O, if token cannot be one of this store's.
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

// tombstones reports whether a record can be replaced by a tombstone, which
// tells later requests that the session got another ID or has ended.
func (st *store) tombstones() bool { return !st.stateless && st.holds.Retired }

// freshness says whether a cache may answer a read.
type freshness bool

const (
	cached freshness = false
	fresh  freshness = true
)

// read reads what is stored under id. ErrNotFound stands for everything that
// ends a session by itself: it is absent, or past its absolute deadline.
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
	if err := st.format.Unpack(record.Data, &into.content); err != nil {
		return err
	}
	now := time.Now()
	if into.content.Created.After(now) {
		// Another clock is ahead, or a program wrote nonsense. No session lives
		// longer for it.
		into.content.Created = now.Truncate(time.Second)
	}
	if end := deadline(&into.content, lifetime); !end.IsZero() && !now.Before(end) {
		return errExpired
	}
	return nil
}

func (st *store) write(ctx context.Context, id string, record Record) (string, error) {
	newID, err := st.backend.Write(ctx, id, record)
	return newID, label(backends.OpWrite, err)
}

func (st *store) remove(ctx context.Context, id string) error {
	return label(backends.OpRemove, st.backend.Remove(ctx, id))
}

// swap is [backends.Swap]. If the backend has none it is what comes closest: the
// record is read, compared and then replaced, and a change in between is lost.
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

func (st *store) touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	newID, err := backends.Touch(ctx, st.backend, id, ttl)
	return newID, label(backends.OpTouch, err)
}

func (st *store) list(ctx context.Context, subject string) ([]backends.Entry, error) {
	list, err := backends.ListSubject(ctx, st.backend, subject)
	return list, label(backends.OpList, err)
}

func (st *store) revoke(ctx context.Context, subject, except string) (int, error) {
	n, err := backends.RevokeSubject(ctx, st.backend, subject, except)
	return n, label(backends.OpRevoke, err)
}

func (st *store) trim(ctx context.Context, subject string, max int, keep string) ([]string, error) {
	removed, err := backends.TrimSubject(ctx, st.backend, subject, max, keep)
	return removed, label(backends.OpTrim, err)
}

// absent reports whether nothing is left in content that this store could keep,
// so that record and token have to go.
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

// persistence returns whether content wants the cookie to be persistent, by
// itself or by a value.
func (st *store) persistence(content *serializer.Content) serializer.Persistence {
	if key := st.holds.PersistenceKey; key != "" {
		var persistent bool
		if data := lookup(content.Fields, key); data != nil && st.values.Unmarshal(data, &persistent) == nil {
			if persistent {
				return serializer.Persistent
			}
			return serializer.BrowserSession
		}
	}
	return content.Persistence
}

// errExpired is ErrNotFound for a record that outlived its absolute deadline.
var errExpired = &expiredError{}

type expiredError struct{}

func (*expiredError) Error() string        { return "sessions: the session has expired" }
func (*expiredError) Is(target error) bool { return target == ErrNotFound }

// answers are the errors that say something about the session, and not about the
// backend's health.
var answers = []error{ErrNotFound, ErrConflict, ErrGone, ErrTooLarge, ErrSubjectLimit, errors.ErrUnsupported, serializer.ErrType}

// label makes a *BackendError of a backend's own error. Nil and answers stay as
// they are.
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

// undecided reports whether err, which an operation of a store returned, leaves
// open if the operation was carried out.
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
