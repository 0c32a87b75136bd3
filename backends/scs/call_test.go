package scs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/scs"
)

// hangingStore is a store without contexts that does not answer.
type hangingStore struct {
	*mapStore
	hang chan struct{}
}

func (s hangingStore) Find(token string) ([]byte, bool, error) {
	<-s.hang
	return s.mapStore.Find(token)
}

func (s hangingStore) Commit(token string, data []byte, expiry time.Time) error {
	<-s.hang
	return s.mapStore.Commit(token, data, expiry)
}

// TestHanging: a call returns when its context ends, and does not say that it did
// nothing.
func TestHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := hangingStore{newMapStore(), make(chan struct{})}
		b := scs.New(store, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.Read(ctx, token); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Read: %v, want the end of the context", err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := b.Write(ctx, token, record("late"))
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, backends.ErrNotApplied) {
			t.Errorf("Write: %v, want the end of the context and an open outcome", err)
		}
		close(store.hang)
		synctest.Wait()
		if _, err := b.Read(t.Context(), token); err != nil {
			t.Errorf("Read: %v, but the write has arrived", err)
		}
	})
}

// TestEnded: a context that has ended before is the certain case.
func TestEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	called := errors.New("called")
	for _, store := range []scs.Store{newMapStore(), funcStore{
		commit: func(context.Context, string, []byte, time.Time) error { return called },
		delete: func(context.Context, string) error { return called },
	}} {
		b := scs.New(store, nil)
		_, write := b.Write(ctx, token, record("x"))
		for name, err := range map[string]error{"Write": write, "Remove": b.Remove(ctx, token)} {
			if !errors.Is(err, context.Canceled) || !errors.Is(err, backends.ErrNotApplied) {
				t.Errorf("%s of a %T: %v, want Canceled and ErrNotApplied", name, store, err)
			}
		}
	}
}

// TestErrors: the store's errors come through without the ID and the data, and
// none of them says that nothing was changed.
func TestErrors(t *testing.T) {
	down := errors.New("down")
	fail := func(text string) error { return fmt.Errorf("%s: %w", text, down) }
	b := scs.New(funcStore{
		find: func(_ context.Context, token string) ([]byte, bool, error) { return nil, false, fail("find " + token) },
		commit: func(_ context.Context, token string, data []byte, _ time.Time) error {
			return fail(token + string(data))
		},
		delete: func(_ context.Context, token string) error { return fail("no key is named") },
	}, nil)
	_, read := b.Read(t.Context(), token)
	_, write := b.Write(t.Context(), token, record("a secret"))
	found, exists := b.Exists(t.Context(), token)
	if found {
		t.Error("Exists: true")
	}
	for name, err := range map[string]error{"Read": read, "Write": write, "Exists": exists, "Remove": b.Remove(t.Context(), token)} {
		if !errors.Is(err, down) || errors.Is(err, backends.ErrNotApplied) || errors.Is(err, backends.ErrNotFound) {
			t.Errorf("%s: %v, want the store's error", name, err)
		}
		if text := fmt.Sprint(err, errors.Unwrap(err)); strings.Contains(text, token) || strings.Contains(text, "a secret") {
			t.Errorf("%s: the error says %q", name, text)
		}
	}
}

// TestPanic: a panic in a store does not end the program, and its text, which may
// name the token, goes nowhere.
func TestPanic(t *testing.T) {
	for _, store := range []scs.Store{panicStore{}, funcStore{}} {
		b := scs.New(store, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if _, err := b.Read(ctx, token); err == nil || errors.Is(err, backends.ErrNotFound) || strings.Contains(err.Error(), token) {
			t.Errorf("Read of a %T that panics: %v", store, err)
		}
	}
}

type panicStore struct{ scs.Store }

func (panicStore) Find(token string) ([]byte, bool, error) { panic("no " + token) }
