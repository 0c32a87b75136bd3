package sessionstest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosessions/sessions/backends"
)

var errOwn = errors.New("broken: an error of its own")

// breakage is a way to be broken and the rules that notice it: exactly those.
type breakage struct {
	name  string
	rules string
	how   func(b *broken)
}

// set is a set of IDs.
type set struct{ m sync.Map }

func (s *set) add(id string)      { s.m.Store(id, true) }
func (s *set) drop(id string)     { s.m.Delete(id) }
func (s *set) has(id string) bool { _, ok := s.m.Load(id); return ok }

// pause lets other goroutines of the bubble run.
func pause() {
	time.Sleep(time.Microsecond) //rules:allow because every test that calls it is in a bubble
}

// known returns the IDs to which b.Write stores from now on.
func known(b *broken) *set {
	ids := new(set)
	b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
		ids.add(id)
		return b.Backend.Write(ctx, id, r)
	}
	return ids
}

// removed returns the IDs that b.Remove removes from now on.
func removed(b *broken) *set {
	ids := new(set)
	b.remove = func(ctx context.Context, id string) error {
		ids.add(id)
		return b.Backend.Remove(ctx, id)
	}
	return ids
}

var basicBreakages = []breakage{
	{"two zero bytes become one", "ReadYourWrite", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if string(r.Data) == "\x00\x00" {
				r.Data = r.Data[:1]
			}
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"absent is an error of its own", "ReadAbsent", func(b *broken) {
		ids := known(b)
		b.read = func(ctx context.Context, id string) (backends.Record, error) {
			r, err := b.Backend.Read(ctx, id)
			if err != nil && !ids.has(id) {
				err = errOwn
			}
			return r, err
		}
	}},
	{"everything exists that was never written", "Exists", func(b *broken) {
		ids := known(b)
		b.exists = func(ctx context.Context, id string) (bool, error) {
			if !ids.has(id) {
				return true, nil
			}
			return b.Backend.Exists(ctx, id)
		}
	}},
	{"nothing exists", "Exists", func(b *broken) {
		b.exists = func(ctx context.Context, id string) (bool, error) { return false, ctx.Err() }
	}},
	{"removing what was never there is an error", "RemoveAbsent RevokeReachesTheMoved TrimReachesTheMoved", func(b *broken) {
		ids := known(b)
		b.remove = func(ctx context.Context, id string) error {
			if !ids.has(id) {
				return backends.ErrNotFound
			}
			return b.Backend.Remove(ctx, id)
		}
	}},
	{"buffers are used again", "DataIsKept", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if old, err := b.Backend.Read(ctx, id); err == nil && len(old.Data) == len(r.Data) && len(r.Data) < 1000 {
				copy(old.Data, r.Data)
				r.Data = old.Data
			}
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"a canceled read finds nothing", "EndedContext", func(b *broken) {
		b.read = func(ctx context.Context, id string) (backends.Record, error) {
			r, err := b.Backend.Read(ctx, id)
			if ctx.Err() != nil {
				err = backends.ErrNotFound
			}
			return r, err
		}
	}},
	{"a failed Exists is false", "EndedContext", func(b *broken) {
		b.exists = func(ctx context.Context, id string) (bool, error) {
			ok, _ := b.Backend.Exists(ctx, id)
			return ok, nil
		}
	}},
	{"a canceled swap conflicts", "EndedContext", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if ctx.Err() != nil {
				return backends.ErrConflict
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"an error names the ID", "ErrorsTellNothing", func(b *broken) {
		b.read = func(ctx context.Context, id string) (backends.Record, error) {
			r, err := b.Backend.Read(ctx, id)
			if err != nil {
				err = fmt.Errorf("%w: %s", err, id)
			}
			return r, err
		}
	}},
	{"an error shows the data", "ErrorsTellNothing", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			err := b.Backend.Swap(ctx, id, old, new)
			if err != nil {
				err = fmt.Errorf("%w: not %s", err, old)
			}
			return err
		}
	}},
	{"what is read hangs on a shared variable", "Together SweepTogether", func(b *broken) {
		var current atomic.Value
		b.read = func(ctx context.Context, id string) (backends.Record, error) {
			current.Store(id)
			pause()
			return b.Backend.Read(ctx, current.Load().(string))
		}
	}},
	{"a second Write returns no ID", "WriteReturnsID DataIsKept", func(b *broken) {
		ids := new(set)
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			returned, err := b.Backend.Write(ctx, id, r)
			if ids.has(id) {
				returned = ""
			}
			ids.add(id)
			return returned, err
		}
	}},
	{"Write does not replace", "WriteReplaces ReadFresh Limit", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if old, err := b.Backend.Read(ctx, id); err == nil && old.Subject == r.Subject {
				return id, nil
			}
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"what is removed twice is an error", "Remove AnyID IndexTogether", func(b *broken) {
		ids := new(set)
		b.remove = func(ctx context.Context, id string) error {
			if ids.has(id) {
				return errOwn
			}
			ids.add(id)
			return b.Backend.Remove(ctx, id)
		}
	}},
	{"Remove does nothing", "Remove ReadFresh AnyID SwapAbsent SwapAfterRemove RemovedIsUnlisted IndexTogether WalkSkipsTheDead LimitForgetsTheGone TrimForgetsTheGone RevokeReachesTheMoved TrimReachesTheMoved", func(b *broken) {
		b.remove = func(context.Context, string) error { return nil }
	}},
	{"a write is seen half done", "Whole", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if half := r; len(r.Data) > 1000 {
				half.Data = r.Data[:len(r.Data)/2]
				b.Backend.Write(ctx, id, half)
				pause()
				pause()
			}
			return b.Backend.Write(ctx, id, r)
		}
		b.read = func(ctx context.Context, id string) (backends.Record, error) {
			pause()
			return b.Backend.Read(ctx, id)
		}
	}},
	{"IDs are cut", "AnyID", func(b *broken) {
		cut := func(id string) string { return id[:min(len(id), 4000)] }
		b.read = func(ctx context.Context, id string) (backends.Record, error) { return b.Backend.Read(ctx, cut(id)) }
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			_, err := b.Backend.Write(ctx, cut(id), r)
			return id, err
		}
	}},
	{"IDs are patterns for Remove", "AnyID", func(b *broken) {
		var all sync.Map
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			all.Store(id, true)
			return b.Backend.Write(ctx, id, r)
		}
		b.remove = func(ctx context.Context, id string) error {
			if prefix, ok := strings.CutSuffix(id, "*"); ok {
				for other := range all.Range {
					if other := other.(string); strings.HasPrefix(other, prefix) {
						b.Backend.Remove(ctx, other)
					}
				}
			}
			return b.Backend.Remove(ctx, id)
		}
	}},
	{"a limit that is not kept", "TooLarge", func(b *broken) { b.max = 5000 }},
	{"a limit that only Write keeps", "TooLarge", func(b *broken) {
		b.max = 50_000
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if len(r.Data) > b.max {
				return "", backends.ErrTooLarge
			}
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"less than the limit is refused", "LargeData", func(b *broken) {
		b.max = 200_000
		keep := func(r backends.Record) error {
			if len(r.Data) > b.max-1 {
				return backends.ErrTooLarge
			}
			return nil
		}
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if err := keep(r); err != nil {
				return "", err
			}
			return b.Backend.Write(ctx, id, r)
		}
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if err := keep(new); err != nil {
				return err
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"large data is refused", "LargeData", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if len(r.Data) > 512<<10 {
				return "", errOwn
			}
			return b.Backend.Write(ctx, id, r)
		}
	}},
}
