package sessionstest_test

import (
	"context"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

// full reports whether one more record, under id, is more than its limit allows.
func full(b *broken, id string, r backends.Record) bool {
	list, _ := b.Backend.ListSubject(context.Background(), r.Subject)
	for _, s := range list {
		if s.ID == id {
			return false
		}
	}
	return r.SubjectLimit > 0 && len(list) >= r.SubjectLimit
}

// counter counts by subject.
type counter struct{ m sync.Map }

func (c *counter) add(subject string) {
	n, _ := c.m.LoadOrStore(subject, 0)
	c.m.Store(subject, n.(int)+1)
}

func (c *counter) of(subject string) int {
	n, _ := c.m.LoadOrStore(subject, 0)
	return n.(int)
}

// brief counts the records that are written to expire soon.
func brief(b *broken) *counter {
	counts := new(counter)
	b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
		if r.Subject != "" && r.TTL <= time.Minute {
			counts.add(r.Subject)
		}
		return b.Backend.Write(ctx, id, r)
	}
	return counts
}

var limitBreakages = []breakage{
	{"Write has no limit", "Limit LimitForgetsTheExpired LimitTogether", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			r.SubjectLimit = 0
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"a limit is for new records only", "Limit LimitForgetsTheExpired", func(b *broken) {
		ids := new(set)
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if ids.has(id) {
				r.SubjectLimit = 0
			}
			ids.add(id)
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"what was removed counts", "LimitForgetsTheGone", func(b *broken) {
		counts := new(counter)
		b.remove = func(ctx context.Context, id string) error {
			if r, err := b.Backend.Read(ctx, id); err == nil {
				counts.add(r.Subject)
			}
			return b.Backend.Remove(ctx, id)
		}
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if r.SubjectLimit > 0 && r.SubjectLimit <= counts.of(r.Subject) {
				return "", backends.ErrSubjectLimit
			}
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"what has expired counts", "LimitForgetsTheExpired", func(b *broken) {
		counts := brief(b)
		write := b.write
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if r.SubjectLimit > 0 && r.SubjectLimit <= counts.of(r.Subject) {
				return "", backends.ErrSubjectLimit
			}
			return write(ctx, id, r)
		}
	}},
	{"Write looks at the limit before", "LimitTogether", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if full(b, id, r) {
				return "", backends.ErrSubjectLimit
			}
			pause()
			r.SubjectLimit = 0
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"Swap has no limit", "LimitSwap LimitSwapTogether", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			new.SubjectLimit = 0
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"Swap looks at the limit before", "LimitSwapTogether", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if full(b, id, new) {
				return backends.ErrSubjectLimit
			}
			pause()
			new.SubjectLimit = 0
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"Rotate counts what it retires", "LimitRotate", func(b *broken) {
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			if full(b, newID, new) {
				return backends.ErrSubjectLimit
			}
			return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
		}
	}},
	{"Rotate looks at the limit before", "LimitRotateTogether", func(b *broken) {
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			if r, err := b.Backend.Read(ctx, id); err == nil && r.Subject != new.Subject && full(b, newID, new) {
				return backends.ErrSubjectLimit
			}
			pause()
			new.SubjectLimit = 0
			return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
		}
	}},
}
