package faults_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// broken is a backend with one defect.
type broken struct {
	*memory.Backend
	read   func(ctx context.Context, id string) (sessions.Record, error)
	swap   func(ctx context.Context, id string, old []byte, new sessions.Record) error
	remove func(ctx context.Context, id string) error
	struck atomic.Pointer[time.Time] // when the fault began
}

func (b *broken) Read(ctx context.Context, id string) (sessions.Record, error) {
	if b.read != nil {
		return b.read(ctx, id)
	}
	return b.Backend.Read(ctx, id)
}

func (b *broken) Swap(ctx context.Context, id string, old []byte, new sessions.Record) error {
	switch {
	case new.Data == nil && b.remove != nil: // a logout
		return b.remove(ctx, id)
	case b.swap != nil:
		return b.swap(ctx, id, old, new)
	}
	return b.Backend.Swap(ctx, id, old, new)
}

func (b *broken) Remove(ctx context.Context, id string) error {
	if b.remove != nil {
		return b.remove(ctx, id)
	}
	return b.Backend.Remove(ctx, id)
}

// TestInvariantsAreChecked: each invariant is broken on purpose, and that must
// be noticed.
func TestInvariantsAreChecked(t *testing.T) {
	sometimes := func(n int) bool { return rand.IntN(n) == 0 }
	store := func(b *broken) *memory.Backend { return b.Backend }
	for _, test := range []struct {
		name   string
		breaks invariant
		defect func(b *broken)
	}{
		{"commits overwrite", noLostUpdate, func(b *broken) {
			b.swap = func(ctx context.Context, id string, _ []byte, new sessions.Record) error {
				_, err := store(b).Write(ctx, id, new)
				return err
			}
		}},
		{"commits are acknowledged and not stored", noLostUpdate, func(b *broken) {
			b.swap = func(ctx context.Context, id string, old []byte, new sessions.Record) error {
				if old != nil && sometimes(10) {
					return nil
				}
				return store(b).Swap(ctx, id, old, new)
			}
		}},
		{"logout removes nothing", noResurrection, func(b *broken) {
			b.remove = func(context.Context, string) error { return nil }
		}},
		{"reads are mixed up", noMixUp, func(b *broken) {
			var mu sync.Mutex
			var last sessions.Record
			b.read = func(ctx context.Context, id string) (sessions.Record, error) {
				r, err := store(b).Read(ctx, id)
				mu.Lock()
				defer mu.Unlock()
				if err == nil && last.Data != nil && sometimes(20) {
					return last, nil
				}
				if err == nil {
					last = r
				}
				return r, err
			}
		}},
		{"panics", cleanResponse, func(b *broken) {
			b.read = func(ctx context.Context, id string) (sessions.Record, error) {
				if sometimes(50) {
					panic("on purpose")
				}
				return store(b).Read(ctx, id)
			}
		}},
		{"does not heed its context", boundedWait, func(b *broken) {
			b.read = func(ctx context.Context, id string) (sessions.Record, error) {
				if sometimes(100) {
					time.Sleep(3 * time.Second)
				}
				return store(b).Read(ctx, id)
			}
		}},
		{"comes back late", quickRecovery, func(b *broken) {
			b.read = func(ctx context.Context, id string) (sessions.Record, error) {
				if began := b.struck.Load(); began != nil && time.Since(*began) < 3*time.Second {
					return sessions.Record{}, context.DeadlineExceeded
				}
				return store(b).Read(ctx, id)
			}
		}},
		{"leaves a goroutine", nothingLeftOver, func(b *broken) {
			end := make(chan struct{})
			t.Cleanup(func() { close(end) })
			var once sync.Once
			b.remove = func(ctx context.Context, id string) error {
				once.Do(func() { go func() { <-end }() })
				return store(b).Remove(ctx, id)
			}
		}},
		{"loses sessions", cookieSurvives, func(b *broken) {
			b.read = func(ctx context.Context, id string) (sessions.Record, error) {
				if sometimes(200) {
					return sessions.Record{}, sessions.ErrNotFound
				}
				return store(b).Read(ctx, id)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &broken{Backend: memory.New(nil)}
			test.defect(b)
			newWorld(t, plan{
				backend: func(*testing.T) sessions.Backend { return b },
				breaks:  test.breaks,
			}).run(fault{name: "on purpose: " + test.name, mayRefuse: 1, strike: func(w *world) {
				now := time.Now()
				b.struck.Store(&now)
				time.Sleep(time.Second)
				for end := now.Add(5 * time.Second); w.count(test.breaks) == 0 && seenAtOnce(test.breaks) && time.Now().Before(end); {
					time.Sleep(10 * time.Millisecond)
				}
			}})
		})
	}
}

// seenAtOnce tells of invariants that are judged while the users work.
func seenAtOnce(i invariant) bool { return i != quickRecovery && i != nothingLeftOver }

// TestNoFault: a backend without a defect breaks none.
func TestNoFault(t *testing.T) {
	b := memory.New(nil)
	newWorld(t, plan{backend: func(*testing.T) sessions.Backend { return b }}).run(fault{
		name:   "none, memory",
		strike: func(*world) { time.Sleep(time.Second) },
	})
}
