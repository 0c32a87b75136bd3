package backends_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
)

var errBreakerDown = errors.New("connection refused")

// breakerStore answers with whatever its function returns, and counts.
type breakerStore struct {
	mu     sync.Mutex
	answer func(ctx context.Context) error
	calls  int
}

func (s *breakerStore) set(answer func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *breakerStore) do(ctx context.Context) error {
	s.mu.Lock()
	s.calls++
	answer := s.answer
	s.mu.Unlock()
	return answer(ctx)
}

func (s *breakerStore) Read(ctx context.Context, _ string) (sessions.Record, error) {
	return sessions.Record{Data: []byte("x")}, s.do(ctx)
}

func (s *breakerStore) Write(ctx context.Context, id string, _ sessions.Record) (string, error) {
	return id, s.do(ctx)
}
func (s *breakerStore) Remove(ctx context.Context, _ string) error         { return s.do(ctx) }
func (s *breakerStore) Exists(ctx context.Context, _ string) (bool, error) { return true, s.do(ctx) }
func (s *breakerStore) Sweep(ctx context.Context) (int, error)             { return 0, s.do(ctx) }

func answers(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

// hangsUntilTimeout is a store that swallows what it is asked.
func hangsUntilTimeout(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func readWithin(b sessions.Backend, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	_, err := b.Read(ctx, "id")
	return err
}

// trip lets b fail until its breaker opens, and tells how many calls that took.
func trip(t *testing.T, b sessions.Backend) (calls int) {
	t.Helper()
	for calls = 0; calls < 100; calls++ {
		if errors.Is(readWithin(b, 2*time.Second), sessions.ErrUnavailable) {
			return calls
		}
	}
	t.Fatal("100 failures did not open the breaker")
	return 0
}

func TestBreakerOpens(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(context.Context) error
		opens  bool
	}{
		{"refused", answers(errBreakerDown), true},
		{"wrapped", answers(&sessions.BackendError{Op: backends.OpRead, Err: errBreakerDown}), true},
		{"times out", hangsUntilTimeout, true},
		{"success", answers(nil), false},
		{"not found", answers(sessions.ErrNotFound), false},
		{"conflict", answers(fmt.Errorf("store: %w", sessions.ErrConflict)), false},
		{"too large", answers(sessions.ErrTooLarge), false},
		{"unsupported", answers(errors.ErrUnsupported), false},
		{"cancelled", answers(context.Canceled), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &breakerStore{answer: tt.answer}
				b := backends.Breaker(store, nil)
				for range 5 {
					if err := readWithin(b, 2*time.Second); errors.Is(err, sessions.ErrUnavailable) {
						t.Fatal("open before the fifth failure")
					}
				}
				opened := errors.Is(readWithin(b, 2*time.Second), sessions.ErrUnavailable)
				if opened != tt.opens {
					t.Errorf("opened: %v, want %v", opened, tt.opens)
				}
			})
		})
	}
}

func TestBreakerIgnoresCallersThatLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := backends.Breaker(&breakerStore{answer: func(ctx context.Context) error {
			<-ctx.Done()
			return errBreakerDown // as a closed connection would report it
		}}, nil)
		for range 20 {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(time.Millisecond, cancel)
			if _, err := b.Read(ctx, "id"); !errors.Is(err, errBreakerDown) {
				t.Fatalf("Read: %v, want the store's error", err)
			}
		}
	})
}

// TestBreakerStaysClosedWhileSomeSucceed: a store of which one part is down
// answers for the others all the time.
func TestBreakerStaysClosedWhileSomeSucceed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &breakerStore{answer: answers(errBreakerDown)}
		b := backends.Breaker(store, &backends.BreakerOptions{Failures: 3})
		for range 20 {
			store.set(answers(nil))
			if err := readWithin(b, time.Second); err != nil {
				t.Fatalf("Read: %v", err)
			}
			store.set(answers(errBreakerDown))
			for range 10 {
				time.Sleep(90 * time.Millisecond)
				if err := readWithin(b, time.Second); !errors.Is(err, errBreakerDown) {
					t.Fatalf("Read: %v, want the store's own error", err)
				}
			}
		}
	})
}

func TestR38_BreakerSparesTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &breakerStore{answer: answers(errBreakerDown)}
		b := backends.Breaker(store, nil)
		if got := trip(t, b); got != 5 {
			t.Errorf("opened after %d failures, want 5", got)
		}
		store.calls = 0
		for range 1000 {
			time.Sleep(10 * time.Millisecond)
			if err := readWithin(b, time.Second); err == nil {
				t.Fatal("Read of a store that is down: no error")
			}
		}
		if store.calls < 35 || store.calls > 41 {
			t.Errorf("%d probes in 10 s, want one in 250 ms", store.calls)
		}
	})
}

// TestBreakerCloses: whether the store refuses, hangs, or swallowed
// a probe just before it came back: within half a second it is in use again.
func TestBreakerCloses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		outage func(context.Context) error
	}{{"refuses", answers(errBreakerDown)}, {"hangs", hangsUntilTimeout}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var changes []bool
				store := &breakerStore{answer: tt.outage}
				b := backends.Breaker(store, &backends.BreakerOptions{
					Changed: func(open bool) { changes = append(changes, open) },
				})
				trip(t, b)

				var group sync.WaitGroup
				recovered := time.Now().Add(5 * time.Second)
				first := make(chan time.Time, 1000)
				for i := range 700 {
					group.Go(func() {
						time.Sleep(time.Duration(i) * 10 * time.Millisecond)
						if readWithin(b, 2*time.Second) == nil {
							first <- time.Now()
						}
					})
				}
				time.Sleep(time.Until(recovered))
				store.set(answers(nil))
				group.Wait()
				if delay := (<-first).Sub(recovered); delay < 0 || delay > 500*time.Millisecond {
					t.Errorf("first success %v after recovery, want at most 500 ms", delay)
				}
				if len(changes) != 2 || !changes[0] || changes[1] {
					t.Errorf("Changed was told %v, want [true false]", changes)
				}
			})
		})
	}
}

func TestR38_BreakerLetsOneProbeThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &breakerStore{answer: answers(errBreakerDown)}
		b := backends.Breaker(store, nil)
		trip(t, b)
		store.set(hangsUntilTimeout)
		store.calls = 0
		time.Sleep(time.Second)
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() { _ = readWithin(b, time.Second) })
		}
		group.Wait()
		if store.calls != 1 {
			t.Errorf("%d operations passed at once, want 1", store.calls)
		}
	})
}

func TestBreakerKeepsAbilities(t *testing.T) {
	store := &breakerStore{answer: answers(nil)}
	got, want := backends.Abilities(backends.Breaker(store, nil)), backends.Abilities(store)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("abilities %v, want %v", got, want)
	}
}

// TestBreakerLeavesSweepAlone: sweeping is background work: it neither opens
// the breaker nor is refused.
func TestBreakerLeavesSweepAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &breakerStore{answer: answers(errBreakerDown)}
		b := backends.Breaker(store, nil)
		for range 20 {
			if _, err := backends.Sweep(t.Context(), b); !errors.Is(err, errBreakerDown) {
				t.Fatalf("Sweep: %v", err)
			}
		}
		if got := trip(t, b); got != 5 {
			t.Errorf("opened after %d failures, want 5", got)
		}
		if _, err := backends.Sweep(t.Context(), b); !errors.Is(err, errBreakerDown) {
			t.Errorf("Sweep with an open breaker: %v, want the store's error", err)
		}
	})
}

func TestBreakerAllocations(t *testing.T) {
	store := &breakerStore{answer: answers(nil)}
	ctx := t.Context()
	count := func(b sessions.Backend) float64 {
		return testing.AllocsPerRun(100, func() { _, _ = b.Read(ctx, "id") })
	}
	plain := count(backends.Intercept(store, func(ctx context.Context, _ backends.Op, next func(context.Context) error) error {
		return next(ctx)
	}))
	if got := count(backends.Breaker(store, nil)); got > plain {
		t.Errorf("%v allocations, want no more than an empty interceptor's %v", got, plain)
	}
}

func BenchmarkBreaker(b *testing.B) {
	backend := backends.Breaker(&breakerStore{answer: answers(nil)}, nil)
	ctx := b.Context()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _ = backend.Read(ctx, "id")
		}
	})
}
