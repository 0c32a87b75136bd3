package backends

import "context"

// Interceptor wraps every operation of a backend. It may measure, delay or
// refuse the operation. It calls next to run the operation, and returns next's
// error or its own.
type Interceptor func(ctx context.Context, op Op, next func(context.Context) error) error

// Intercept returns a backend that runs every operation of b through intercept
// and has exactly b's abilities. Use it to decorate a backend. A struct that
// embeds a Backend would lose the abilities, and calls of the abilities would
// bypass a struct that embeds an implementation.
func Intercept(b Backend, intercept Interceptor) Backend {
	return &intercepted{inner: b, do: intercept}
}

type intercepted struct {
	inner Backend
	do    Interceptor
}

func (b *intercepted) Read(ctx context.Context, id string) (record Record, err error) {
	err = b.do(ctx, OpRead, func(ctx context.Context) error {
		record, err = b.inner.Read(ctx, id)
		return err
	})
	return record, err
}

func (b *intercepted) Write(ctx context.Context, id string, record Record) (newID string, err error) {
	err = b.do(ctx, OpWrite, func(ctx context.Context) error {
		newID, err = b.inner.Write(ctx, id, record)
		return err
	})
	return newID, err
}

func (b *intercepted) Remove(ctx context.Context, id string) error {
	return b.do(ctx, OpRemove, func(ctx context.Context) error { return b.inner.Remove(ctx, id) })
}

func (b *intercepted) Exists(ctx context.Context, id string) (found bool, err error) {
	err = b.do(ctx, OpExists, func(ctx context.Context) error {
		found, err = b.inner.Exists(ctx, id)
		return err
	})
	return found, err
}
