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

// store is a backend and the way in which sessions are kept in it.
type store struct {
	backend    Backend
	format     serializer.Format
	values     serializer.Serializer // of format
	holds      serializer.Holds
	transports []Transport
	ids        IDs
	namespace  string
	defaults   backends.Defaults
	minter     backends.Minter // nil: IDs are our own

	stateless bool
	local     bool
	swaps     bool
	rotates   bool
}

func newStore(b Backend, f serializer.Format, transports []Transport, ids IDs, namespace string) *store {
	facts := backends.Describe(b)
	minter, _ := backends.As[backends.Minter](b)
	return &store{
		backend:    b,
		format:     f,
		values:     f.Serializer(),
		holds:      f.Holds(),
		transports: transports,
		ids:        ids,
		namespace:  namespace,
		defaults:   facts.Defaults,
		minter:     minter,
		stateless:  facts.Stateless,
		local:      facts.Local || facts.Stateless,
		swaps:      backends.Has(b, backends.CanSwap),
		rotates:    backends.Has(b, backends.CanRotate),
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
	id, _ := st.admit(token)
	return id
}

// admit tells by shape, without I/O, whether token can be one of this store's,
// and under which ID the backend keeps its session.
func (st *store) admit(token string) (id string, ok bool) {
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

// read returns what is stored under id. ErrNotFound stands for everything that
// ends a session by itself: it is absent, or past its absolute deadline.
func (st *store) read(ctx context.Context, id string, fresh bool, lifetime time.Duration, into *stored) error {
	var record Record
	var err error
	if fresh {
		record, err = backends.ReadFresh(ctx, st.backend, id)
	} else {
		record, err = st.backend.Read(ctx, id)
	}
	if err != nil {
		return wrap(backends.OpRead, err)
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

// swap is [Swap], and what comes closest to it where the backend has none: what
// is stored is compared and then replaced, and a change in between is lost.
func (st *store) swap(ctx context.Context, id string, old []byte, new Record) error {
	if st.swaps {
		return backends.Swap(ctx, st.backend, id, old, new)
	}
	current, err := st.backend.Read(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound) && old == nil:
	case err != nil:
		return err
	case !bytes.Equal(current.Data, old):
		return ErrConflict
	}
	if new.Data == nil {
		return st.backend.Remove(ctx, id)
	}
	_, err = st.backend.Write(ctx, id, new)
	return err
}

// absent tells whether nothing is left in content that this store could keep, so
// that record and token have to go.
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

// errExpired is ErrNotFound for a record that outlived its absolute deadline.
var errExpired = &expiredError{}

type expiredError struct{}

func (*expiredError) Error() string        { return "sessions: the session has expired" }
func (*expiredError) Is(target error) bool { return target == ErrNotFound }

// wrapNil is wrap for what may be no error.
func wrapNil(op backends.Op, err error) error {
	if err == nil {
		return nil
	}
	return wrap(op, err)
}

// wrap makes a *BackendError of a backend's own error. What says something about
// the session, and not about the backend's health, stays as it is.
func wrap(op backends.Op, err error) error {
	for _, sentinel := range []error{ErrNotFound, ErrConflict, ErrGone, ErrTooLarge, errors.ErrUnsupported, serializer.ErrType} {
		if errors.Is(err, sentinel) {
			return err
		}
	}
	return &BackendError{Op: op, Err: err}
}
