package scs

import (
	"context"
	"time"
)

// Store is what scs calls a Store. [New] takes one, and [StoreOf] returns one.
type Store interface {
	// Find returns the data under token. If there are none, or if they have
	// expired, it returns false and no error.
	Find(token string) (data []byte, found bool, err error)

	// Commit stores data under token until expiry, in place of any other.
	Commit(token string, data []byte, expiry time.Time) error

	// Delete removes what is stored under token. It returns nil if there is
	// nothing.
	Delete(token string) error
}

// CtxStore is a [Store] whose methods also exist with a context. Where they do,
// this package calls only those, as scs does.
type CtxStore interface {
	Store

	// FindCtx is Find with a context.
	FindCtx(ctx context.Context, token string) (data []byte, found bool, err error)

	// CommitCtx is Commit with a context.
	CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error

	// DeleteCtx is Delete with a context.
	DeleteCtx(ctx context.Context, token string) error
}

// IterableStore is a [Store] that lists its sessions without a context.
type IterableStore interface {
	Store

	// All returns the data of every session that has not expired, by token.
	All() (map[string][]byte, error)
}

// IterableCtxStore is a [Store] that lists its sessions.
type IterableCtxStore interface {
	Store

	// AllCtx returns the data of every session that has not expired, by token.
	AllCtx(ctx context.Context) (map[string][]byte, error)
}
