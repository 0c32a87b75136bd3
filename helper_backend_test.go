package sessions_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

// variants are backends with all abilities, with swaps only, and with nothing but the
// four methods.
func variants(t testing.TB) map[string]sessions.Backend {
	b := memory.New(nil)
	t.Cleanup(func() { _ = b.Close() })
	return map[string]sessions.Backend{"full": b, "swap": swapOnly{memory.New(nil)}, "basic": basic{memory.New(nil)}}
}

// basic has the four methods of a Backend and nothing else.
type basic struct{ b *memory.Backend }

func (b basic) Read(ctx context.Context, id string) (sessions.Record, error) {
	return b.b.Read(ctx, id)
}
func (b basic) Write(ctx context.Context, id string, r sessions.Record) (string, error) {
	return b.b.Write(ctx, id, r)
}
func (b basic) Remove(ctx context.Context, id string) error         { return b.b.Remove(ctx, id) }
func (b basic) Exists(ctx context.Context, id string) (bool, error) { return b.b.Exists(ctx, id) }

// swapOnly can swap, too.
type swapOnly struct{ b backends.Swapper }

func (b swapOnly) Read(ctx context.Context, id string) (sessions.Record, error) {
	return b.b.Read(ctx, id)
}
func (b swapOnly) Write(ctx context.Context, id string, r sessions.Record) (string, error) {
	return b.b.Write(ctx, id, r)
}
func (b swapOnly) Remove(ctx context.Context, id string) error         { return b.b.Remove(ctx, id) }
func (b swapOnly) Exists(ctx context.Context, id string) (bool, error) { return b.b.Exists(ctx, id) }
func (b swapOnly) Swap(ctx context.Context, id string, old []byte, r sessions.Record) error {
	return b.b.Swap(ctx, id, old, r)
}

// onServers runs f with every server-side backend: memory with all its abilities and
// with fewer, and the real stores.
func onServers(t *testing.T, f func(t *testing.T, b sessions.Backend)) {
	for name, b := range variants(t) {
		t.Run(name, func(t *testing.T) { f(t, b) })
	}
	for _, k := range kinds {
		if k.name == "redis" || k.name == "postgres" {
			t.Run(k.name, func(t *testing.T) { f(t, k.open(t)(t)) })
		}
	}
}

// hooked calls a function before operations of a backend, for tests in which something
// happens during a load or commit.
type hooked struct {
	sessions.Backend
	mu     sync.Mutex
	before map[backends.Op]func()
}

func hook(b sessions.Backend) *hooked {
	h := &hooked{before: map[backends.Op]func(){}}
	h.Backend = backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		h.mu.Lock()
		f := h.before[op]
		delete(h.before, op)
		h.mu.Unlock()
		if f != nil {
			f()
		}
		return next(ctx)
	})
	return h
}

// once lets f run before the next operation op.
func (h *hooked) once(op backends.Op, f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before[op] = f
}

// lossy loses the answer to operations op, before or after they are applied, n times.
func lossy(b sessions.Backend, op backends.Op, before bool, n *atomic.Int32) sessions.Backend {
	return backends.Intercept(b, func(ctx context.Context, o backends.Op, next func(context.Context) error) error {
		if o != op || n.Add(-1) < 0 {
			return next(ctx)
		}
		if !before {
			_ = next(ctx)
		}
		return errors.New("connection reset")
	})
}

// failing is a backend that fails while it is switched on.
func failing(b sessions.Backend) (sessions.Backend, *atomic.Bool) {
	var down atomic.Bool
	return backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if down.Load() {
			return errors.New("connection refused")
		}
		return next(ctx)
	}), &down
}

// failingSwaps returns a backend whose commits fail once it is switched on.
func failingSwaps() (b sessions.Backend, fail *bool) {
	fail = new(bool)
	return backends.Intercept(memory.New(nil), func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if *fail && op == backends.OpSwap {
			return errors.New("down")
		}
		return next(ctx)
	}), fail
}

// writing counts the operations that change the store.
func writing(b sessions.Backend) (sessions.Backend, *atomic.Int64) {
	var writes atomic.Int64
	return backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		switch op {
		case backends.OpWrite, backends.OpSwap, backends.OpTouch, backends.OpRotate, backends.OpRemove:
			writes.Add(1)
		}
		return next(ctx)
	}), &writes
}

// counted counts the operations of a backend.
func counted(b sessions.Backend) (sessions.Backend, map[backends.Op]int) {
	calls := map[backends.Op]int{}
	return backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		calls[op]++
		return next(ctx)
	}), calls
}

// count returns the number of sessions in b, without tombstones.
func count(t *testing.T, b sessions.Backend) (n int) {
	t.Helper()
	check(t, backends.Walk(t.Context(), b, func(e backends.Entry) error {
		var content serializer.Content
		if serializer.Native(serializer.JSON).Unpack(e.Record.Data, &content) != nil || !content.Retired {
			n++
		}
		return nil
	}))
	return n
}

// left counts the records of one test.
func left(t *testing.T, b sessions.Backend) int {
	t.Helper()
	switch m := b.(type) {
	case swapOnly:
		b = m.b
	case basic:
		b = m.b
	}
	return count(t, b)
}

// records returns the number of sessions and of tombstones in b.
func records(t *testing.T, b sessions.Backend) (live, tombstones int) {
	t.Helper()
	switch m := b.(type) {
	case swapOnly:
		b = m.b
	case basic:
		b = m.b
	}
	check(t, backends.Walk(t.Context(), b, func(s backends.Entry) error {
		var content serializer.Content
		err := serializer.Native(serializer.JSON).Unpack(s.Record.Data, &content)
		if content.Retired {
			tombstones++
		} else {
			live++
		}
		return err
	}))
	return live, tombstones
}
