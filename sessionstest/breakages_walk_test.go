package sessionstest_test

import (
	"bytes"
	"context"
	"sync/atomic"
	"time"

	"github.com/gosessions/sessions/backends"
)

var walkBreakages = []breakage{
	{"Sweep deletes what lives", "SweepKeepsTheLiving", func(b *broken) {
		b.sweep = func(ctx context.Context) (int, error) {
			b.Backend.Walk(ctx, func(s backends.Entry) error {
				if s.Record.TTL <= time.Hour-time.Minute {
					b.Backend.Remove(ctx, s.ID)
				}
				return nil
			})
			return b.Backend.Sweep(ctx)
		}
	}},
	{"only one may sweep", "SweepTogether", func(b *broken) {
		var busy atomic.Bool
		b.sweep = func(ctx context.Context) (int, error) {
			if !busy.CompareAndSwap(false, true) {
				return 0, errOwn
			}
			defer busy.Store(false)
			pause()
			return b.Backend.Sweep(ctx)
		}
	}},
	{"Walk leaves out every second", "Walk", func(b *broken) {
		b.walk = func(ctx context.Context, visit func(backends.Entry) error) error {
			n := 0
			return b.Backend.Walk(ctx, func(s backends.Entry) error {
				if n++; n%2 == 0 {
					return nil
				}
				return visit(s)
			})
		}
	}},
	{"Walk shows no data", "Walk", func(b *broken) {
		b.walk = func(ctx context.Context, visit func(backends.Entry) error) error {
			return b.Backend.Walk(ctx, func(s backends.Entry) error {
				s.Record.Data = bytes.ToUpper(s.Record.Data)
				return visit(s)
			})
		}
	}},
	{"Walk visits what was removed", "WalkSkipsTheDead", func(b *broken) {
		ids := removed(b)
		b.walk = func(ctx context.Context, visit func(backends.Entry) error) error {
			err := b.Backend.Walk(ctx, visit)
			for id := range ids.m.Range {
				if err == nil {
					err = visit(backends.Entry{ID: id.(string)})
				}
			}
			return err
		}
	}},
	{"Walk visits what has expired", "WalkSkipsTheDead", func(b *broken) {
		ids := known(b)
		b.walk = func(ctx context.Context, visit func(backends.Entry) error) error {
			seen := new(set)
			err := b.Backend.Walk(ctx, func(s backends.Entry) error {
				seen.add(s.ID)
				return visit(s)
			})
			for id := range ids.m.Range {
				if id := id.(string); err == nil && !seen.has(id) {
					err = visit(backends.Entry{ID: id})
				}
			}
			return err
		}
	}},
	{"Walk goes on after an error", "WalkStops", func(b *broken) {
		b.walk = func(ctx context.Context, visit func(backends.Entry) error) error {
			var first error
			b.Backend.Walk(ctx, func(s backends.Entry) error {
				if err := visit(s); err != nil && first == nil {
					first = err
				}
				return nil
			})
			return first
		}
	}},
	{"Walk keeps the error to itself", "WalkStops", func(b *broken) {
		b.walk = func(ctx context.Context, visit func(backends.Entry) error) error {
			b.Backend.Walk(ctx, visit)
			return nil
		}
	}},
}
