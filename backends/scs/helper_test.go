package scs_test

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/backends/scs"
)

// mapStore is a store without contexts, which deletes nothing by itself and, like
// some real ones, finds what has expired.
type mapStore struct {
	mu     sync.Mutex
	values map[string][]byte
	expiry map[string]time.Time
}

func newMapStore() *mapStore {
	return &mapStore{values: map[string][]byte{}, expiry: map[string]time.Time{}}
}

func (s *mapStore) Find(token string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.values[token]
	return value, ok, nil
}

func (s *mapStore) Commit(token string, data []byte, expiry time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[token], s.expiry[token] = data, expiry
	return nil
}

func (s *mapStore) Delete(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.values, token)
	return nil
}

// listStore is a mapStore that also lists.
type listStore struct{ *mapStore }

func (s listStore) All() (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.values), nil
}

// funcStore is a store with contexts. The other methods are those of the nil
// store, which panic, as in several real ones.
type funcStore struct {
	scs.Store
	find   func(ctx context.Context, token string) ([]byte, bool, error)
	commit func(ctx context.Context, token string, data []byte, expiry time.Time) error
	delete func(ctx context.Context, token string) error
}

func (s funcStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	return s.find(ctx, token)
}

func (s funcStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	return s.commit(ctx, token, data, expiry)
}

func (s funcStore) DeleteCtx(ctx context.Context, token string) error { return s.delete(ctx, token) }

// token is one as scs makes them.
const token = "0123456789abcdefghijklmnopqrstuvwxyzABCDE_-"

func record(data string) backends.Record {
	return backends.Record{Data: []byte(data), TTL: time.Hour}
}

func storeOf(t *testing.T, backend backends.Backend) scs.CtxStore {
	t.Helper()
	if backend == nil {
		backend = memory.New(nil)
	}
	store, err := scs.StoreOf(backend)
	if err != nil {
		t.Fatal(err)
	}
	return store
}
