package backends_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/sessionstest"
)

// Store is a backend over a map. It needs no constructor.
type Store struct {
	mu      sync.Mutex
	records map[string]stored
}

// stored is a record with the time at which it expires: the TTL of a record
// counts from the call, so a store keeps a point in time.
type stored struct {
	record  backends.Record
	expires time.Time
}

// errRecord names the mistake and neither the ID nor the data.
var errRecord = errors.New("store: a record needs data and a TTL of more than 0")

// live returns the record under id, without data if there is none. An expired
// record is absent, even though it still takes up memory. s.mu is locked.
func (s *Store) live(id string) backends.Record {
	found := s.records[id]
	found.record.TTL = time.Until(found.expires)
	if found.record.TTL <= 0 {
		delete(s.records, id)
		return backends.Record{}
	}
	return found.record
}

// put stores a record under id. s.mu is locked.
func (s *Store) put(id string, record backends.Record) error {
	if len(record.Data) == 0 || record.TTL <= 0 {
		return errRecord
	}
	if s.records == nil {
		s.records = make(map[string]stored)
	}
	s.records[id] = stored{record, time.Now().Add(record.TTL)}
	return nil
}

// Read implements [backends.Backend].
func (s *Store) Read(_ context.Context, id string) (backends.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record := s.live(id)
	if record.Data == nil {
		return backends.Record{}, backends.ErrNotFound
	}
	return record, nil
}

// Write implements [backends.Backend].
func (s *Store) Write(_ context.Context, id string, record backends.Record) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return id, s.put(id, record)
}

// Remove implements [backends.Backend].
func (s *Store) Remove(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, id)
	return nil
}

// Exists implements [backends.Backend].
func (s *Store) Exists(_ context.Context, id string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live(id).Data != nil, nil
}

// Swap implements [backends.Swapper]. The comparison and the change happen under
// one lock, so no other call can come between them. A database has a condition
// in its UPDATE for this, and Redis a script.
func (s *Store) Swap(_ context.Context, id string, old []byte, new backends.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch current := s.live(id).Data; {
	case current == nil && old != nil:
		return backends.ErrNotFound
	case !bytes.Equal(current, old):
		return backends.ErrConflict
	case new.Data == nil:
		delete(s.records, id)
		return nil
	}
	return s.put(id, new)
}

// Describe implements [backends.Describer]: calls of this store need no timeout.
func (s *Store) Describe() backends.Facts { return backends.Facts{Local: true} }

// A store of your own needs four methods. This one adds Swap, so that no change
// is lost, and Describe. In its tests use [sessionstest.TestBackend], which runs
// every rule as a subtest.
func Example() {
	store := new(Store)
	fmt.Println("abilities:", backends.Abilities(store))
	fmt.Println("broken rules:", sessionstest.Check(context.Background(), store, nil))

	// Two requests read the same record; only one of them may replace it.
	ctx := context.Background()
	read := backends.Record{Data: []byte("a"), TTL: time.Minute}
	store.Write(ctx, "id", read)
	fmt.Println(backends.Swap(ctx, store, "id", read.Data, backends.Record{Data: []byte("b"), TTL: time.Minute}))
	fmt.Println(backends.Swap(ctx, store, "id", read.Data, backends.Record{Data: []byte("c"), TTL: time.Minute}))
	// Output:
	// abilities: [swap]
	// broken rules: <nil>
	// <nil>
	// sessions: the session was changed by another request
}
