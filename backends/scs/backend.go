package scs

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Options configure a backend. The zero value suits every store without a limit
// of its own.
type Options struct {
	// MaxSize is how many bytes of data a record may have; 0 means no limit. Set
	// it for a store with a limit, such as Firestore (1 MiB), etcd (1.5 MiB) or
	// memcached (1 MiB), a little lower than that: 512 bytes cover what is stored
	// beside the data. A larger record is a [backends.ErrTooLarge].
	MaxSize int
}

// New returns a backend that keeps its records in store, which is any store that
// was written for scs. Nil options mean the defaults. The caller still has to
// close the store, and to stop its cleanup, if it has one.
//
// The backend is a [backends.Walker] if the store has the method All or AllCtx,
// which reads all sessions into memory. It has no other ability; the
// package's comment says what that means. It is safe for concurrent use if the store
// is, as scs demands. New does not fail: if its arguments are invalid, the
// middleware's constructor returns the error that Describe reports.
//
// Only errors of calls that did not reach the store are marked with
// [backends.ErrNotApplied]: a store may have tried more than once before it returns
// an error.
func New(store Store, options *Options) backends.Backend {
	b := &backend{store: store}
	if options != nil {
		b.options = *options
	}
	v := reflect.ValueOf(store)
	switch {
	case !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil():
		b.invalid = errors.New("scs: New: the store is nil: give one that was written for scs, such as memstore.New()")
		return b
	case b.options.MaxSize < 0:
		b.invalid = fmt.Errorf("scs: Options.MaxSize is %d: use 0 for no limit", b.options.MaxSize)
	}
	b.ctxStore, _ = store.(CtxStore)
	switch s := store.(type) {
	case IterableCtxStore:
		return &walker{b, s.AllCtx}
	case IterableStore:
		return &walker{b, func(context.Context) (map[string][]byte, error) { return s.All() }}
	}
	return b
}

// backend is a store of scs with the methods of a [backends.Backend].
type backend struct {
	store    Store
	ctxStore CtxStore // the same, or nil if it takes no contexts
	options  Options
	invalid  error
}

var (
	_ backends.Describer = (*backend)(nil)
	_ backends.Walker    = (*walker)(nil)
	_ backends.Describer = (*walker)(nil)
)

var (
	errNoData = backends.NotApplied(errors.New("scs: a record needs data"))
	errNoTTL  = backends.NotApplied(errors.New("scs: a record needs a TTL of more than 0"))
)

// Describe implements [backends.Describer]. That the backend cannot swap is what
// the middleware itself logs.
func (b *backend) Describe() backends.Facts {
	facts := backends.Facts{Err: b.invalid, MaxSize: b.options.MaxSize, Warnings: []string{
		"a store of scs does not know the owners of sessions: List, Revoke and RevokeAll return errors.ErrUnsupported",
	}}
	if b.ctxStore == nil {
		facts.Warnings = append(facts.Warnings, "this store of scs takes no contexts: a call that hangs goes on after its request has given up, and a write may arrive late")
	}
	return facts
}

// Read implements [backends.Backend].
func (b *backend) Read(ctx context.Context, id string) (backends.Record, error) {
	if b.invalid != nil {
		return backends.Record{}, b.invalid
	}
	key, digested := keyOf(id)
	value, err := b.find(ctx, key)
	if err != nil {
		return backends.Record{}, err
	}
	record, stored, err := open(value, time.Now())
	switch {
	case err != nil:
		return backends.Record{}, err
	case digested != (stored != "") || digested && stored != id:
		return backends.Record{}, backends.ErrNotFound // it belongs to another ID
	}
	return record, nil
}

// Write implements [backends.Backend].
func (b *backend) Write(ctx context.Context, id string, record backends.Record) (string, error) {
	switch {
	case b.invalid != nil:
		return "", b.invalid
	case len(record.Data) == 0:
		return "", errNoData
	case record.TTL <= 0:
		return "", errNoTTL
	case b.options.MaxSize > 0 && len(record.Data) > b.options.MaxSize:
		return "", backends.NotApplied(fmt.Errorf("%w: it has %d bytes of at most %d", backends.ErrTooLarge, len(record.Data), b.options.MaxSize))
	}
	key, digested := keyOf(id)
	expires := deadline(time.Now(), record.TTL)
	return id, b.commit(ctx, key, seal(id, digested, record.Data, expires), storeDeadline(expires))
}

// Remove implements [backends.Backend].
func (b *backend) Remove(ctx context.Context, id string) error {
	if b.invalid != nil {
		return b.invalid
	}
	key, _ := keyOf(id)
	return b.delete(ctx, key)
}

// Exists implements [backends.Backend] by Read: a store of scs has nothing that
// costs less.
func (b *backend) Exists(ctx context.Context, id string) (bool, error) {
	_, err := b.Read(ctx, id)
	if errors.Is(err, backends.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// walker is a backend whose store can list its sessions.
type walker struct {
	*backend
	all func(context.Context) (map[string][]byte, error)
}

// Walk implements [backends.Walker]. It also visits what scs itself has stored,
// with a TTL of 0.
func (w *walker) Walk(ctx context.Context, visit func(backends.Entry) error) error {
	if w.invalid != nil {
		return w.invalid
	}
	values, err := run(ctx, w.backend, func() (map[string][]byte, error) { return w.all(ctx) })
	if err != nil {
		return redacted(err, "", nil)
	}
	for key, value := range values {
		record, id, err := open(value, time.Now())
		switch {
		case errors.Is(err, backends.ErrNotFound):
			continue
		case err != nil:
			return err
		case id == "":
			id = key
		}
		if err := visit(backends.Entry{ID: id, Record: record}); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
