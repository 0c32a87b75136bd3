package scs

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/gosessions/sessions/backends"
)

// prefix separates the sessions of scs from those of this module in one backend.
// Our own IDs have no colon.
const prefix = "scs:"

// maxToken is how long a token may be, so that it makes a valid ID.
const maxToken = 4096 - len(prefix)

// StoreOf returns backend as a store for a SessionManager of scs. It takes every
// backend of this module that stores records on a server or in this process, for
// a program that cannot change its handlers yet. If backend can walk, the store
// also has the methods All and AllCtx, which SessionManager.Iterate needs.
//
// The only promises are those of scs, because it stores whole sessions without
// comparing: parallel requests lose updates, and a request that is under way can
// bring back a session that was destroyed. Tokens are stored as scs gives them: set
// SessionManager.HashTokenInStore, unless you need Iterate. They get a prefix, so
// sessions of scs and of this module can be in one backend.
//
// StoreOf returns an error if backend is nil, misconfigured or stateless, or if it
// is shared with another framework, because none of these can keep what scs
// stores. The store is safe for concurrent use. It returns the errors of the
// backend as they are.
func StoreOf(backend backends.Backend) (CtxStore, error) {
	v := reflect.ValueOf(backend)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, errors.New("scs: StoreOf: the backend is nil: give one, such as memory.New(nil)")
	}
	facts := backends.Describe(backend)
	_, minter := backends.As[backends.Minter](backend)
	switch {
	case facts.Err != nil:
		return nil, facts.Err
	case facts.Stateless:
		return nil, errors.New("scs: StoreOf: the backend keeps sessions in their tokens, and scs needs one that stores them: give redis, postgres or memory")
	case minter || facts.Defaults.Format != nil:
		return nil, errors.New("scs: StoreOf: the backend is shared with another framework, which cannot read what scs stores: give one in this module's own format")
	}
	bound, err := backends.Bind(backend, backends.Settings{})
	if err != nil {
		return nil, fmt.Errorf("scs: StoreOf: %w", err)
	}
	s := &store{bound}
	if backends.Has(bound, backends.CanWalk) {
		return &iterableStore{s}, nil
	}
	return s, nil
}

// store is a backend with the methods of a store of scs.
type store struct{ backend backends.Backend }

// iterableStore is a store whose backend can walk.
type iterableStore struct{ *store }

var (
	_ CtxStore         = (*store)(nil)
	_ IterableStore    = (*iterableStore)(nil)
	_ IterableCtxStore = (*iterableStore)(nil)
)

// idOf returns the ID for a token, and false if no session can have that token.
// scs passes on whatever a cookie contains.
func idOf(token string) (string, bool) {
	if token == "" || len(token) > maxToken {
		return "", false
	}
	for _, c := range []byte(token) {
		if c <= ' ' || c > '~' {
			return "", false
		}
	}
	return prefix + token, true
}

// FindCtx implements [CtxStore].
func (s *store) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	id, ok := idOf(token)
	if !ok {
		return nil, false, nil
	}
	record, err := s.backend.Read(ctx, id)
	if errors.Is(err, backends.ErrNotFound) {
		return nil, false, nil
	}
	return record.Data, err == nil, err
}

// CommitCtx implements [CtxStore]. A session whose time is over is removed.
func (s *store) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	id, ok := idOf(token)
	if !ok {
		return errors.New("scs: a token must have 1 to 4092 bytes of visible ASCII")
	}
	ttl := time.Until(expiry)
	if ttl <= 0 {
		return s.backend.Remove(ctx, id)
	}
	_, err := s.backend.Write(ctx, id, backends.Record{Data: data, TTL: ttl})
	return err
}

// DeleteCtx implements [CtxStore].
func (s *store) DeleteCtx(ctx context.Context, token string) error {
	id, ok := idOf(token)
	if !ok {
		return nil
	}
	return s.backend.Remove(ctx, id)
}

// Find implements [Store].
func (s *store) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit implements [Store].
func (s *store) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete implements [Store].
func (s *store) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// AllCtx implements [IterableCtxStore].
func (s *iterableStore) AllCtx(ctx context.Context) (map[string][]byte, error) {
	all := make(map[string][]byte)
	err := backends.Walk(ctx, s.backend, func(e backends.Entry) error {
		if token, ok := strings.CutPrefix(e.ID, prefix); ok {
			all[token] = e.Record.Data
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// All implements [IterableStore].
func (s *iterableStore) All() (map[string][]byte, error) { return s.AllCtx(context.Background()) }
