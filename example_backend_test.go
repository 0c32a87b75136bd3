package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/sessionstest"
)

// Map is a backend of four methods over a map. It never removes expired records, so
// it is only an example.
type Map struct{ records sync.Map }

type entry struct {
	record  sessions.Record
	expires time.Time
}

func (m *Map) Read(_ context.Context, id string) (sessions.Record, error) {
	if v, ok := m.records.Load(id); ok {
		e := v.(entry)
		if e.record.TTL = time.Until(e.expires); e.record.TTL > 0 {
			return e.record, nil
		}
	}
	return sessions.Record{}, sessions.ErrNotFound
}

func (m *Map) Write(_ context.Context, id string, record sessions.Record) (string, error) {
	if record.TTL <= 0 {
		return "", errors.New("a session needs time to live")
	}
	m.records.Store(id, entry{record, time.Now().Add(record.TTL)})
	return id, nil
}

func (m *Map) Remove(_ context.Context, id string) error {
	m.records.Delete(id)
	return nil
}

func (m *Map) Exists(ctx context.Context, id string) (bool, error) {
	_, err := m.Read(ctx, id)
	return err == nil, nil // a map has no other failures
}

// A backend needs four methods. Package sessionstest tests whether they keep the
// rules.
func Example_customBackend() {
	fmt.Println(sessionstest.Check(context.Background(), new(Map), nil))
	// Output: <nil>
}
