package scs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gosessions/sessions/backends"
)

// errPanicked is what is left of a panic in a store whose caller must not wait for
// it. Its text may be anything, an ID included.
var errPanicked = errors.New("scs: the store panicked")

// await runs call, which cannot be interrupted, and returns when it does or when
// ctx ends. In the second case call goes on, and what it does is not known.
func await[T any](ctx context.Context, call func() (T, error)) (T, error) {
	if ctx.Done() == nil {
		return guarded(call)
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := guarded(call)
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// guarded calls call and returns a panic as an error: in a goroutine of its own it
// would end the program.
func guarded[T any](call func() (T, error)) (value T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w (%T)", errPanicked, p)
		}
	}()
	return call()
}

// find calls Find or FindCtx.
func (b *backend) find(ctx context.Context, key string) ([]byte, error) {
	type found struct {
		value []byte
		found bool
	}
	call := func() (f found, err error) {
		if b.ctxStore != nil {
			f.value, f.found, err = b.ctxStore.FindCtx(ctx, key)
		} else {
			f.value, f.found, err = b.store.Find(key)
		}
		return f, err
	}
	f, err := run(ctx, b, call)
	switch {
	case err != nil:
		return nil, redacted(err, key, nil)
	case !f.found:
		return nil, backends.ErrNotFound
	}
	return f.value, nil
}

// commit calls Commit or CommitCtx.
func (b *backend) commit(ctx context.Context, key string, value []byte, expiry time.Time) error {
	_, err := run(ctx, b, func() (struct{}, error) {
		if b.ctxStore != nil {
			return struct{}{}, b.ctxStore.CommitCtx(ctx, key, value, expiry)
		}
		return struct{}{}, b.store.Commit(key, value, expiry)
	})
	return redacted(err, key, value)
}

// delete calls Delete or DeleteCtx.
func (b *backend) delete(ctx context.Context, key string) error {
	_, err := run(ctx, b, func() (struct{}, error) {
		if b.ctxStore != nil {
			return struct{}{}, b.ctxStore.DeleteCtx(ctx, key)
		}
		return struct{}{}, b.store.Delete(key)
	})
	return redacted(err, key, nil)
}

// run calls a method of the store. A context that has ended before is the one case
// in which nothing has certainly been done.
func run[T any](ctx context.Context, b *backend, call func() (T, error)) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, backends.NotApplied(err)
	}
	if b.ctxStore != nil {
		return guarded(call)
	}
	return await(ctx, call)
}

// redacted returns err without the key and the value in its text. Some stores name
// the document that they did not find.
func redacted(err error, key string, value []byte) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if len(value) >= header+8 { // fewer bytes may be a part of any word
		text = strings.ReplaceAll(text, string(value[header:]), "[data]")
	}
	if key != "" {
		text = strings.ReplaceAll(text, key, "[ID]")
	}
	if text == err.Error() {
		return err
	}
	return &redactedError{text, err}
}

type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }

// Is lets errors.Is find the store's own error. There is no Unwrap, which would
// give its text away.
func (e *redactedError) Is(target error) bool { return errors.Is(e.err, target) }
