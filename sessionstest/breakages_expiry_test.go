package sessionstest_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

var expiryBreakages = []breakage{
	{"expired records are read", "Expired Limit LimitForgetsTheExpired Trim TrimKeeps TrimPlace", func(b *broken) {
		var kept sync.Map
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if r.TTL > time.Second {
				kept.Store(id, r)
			}
			return b.Backend.Write(ctx, id, r)
		}
		b.read = func(ctx context.Context, id string) (backends.Record, error) {
			r, err := b.Backend.Read(ctx, id)
			if old, ok := kept.Load(id); ok && errors.Is(err, backends.ErrNotFound) {
				return old.(backends.Record), nil
			}
			return r, err
		}
		b.remove = func(ctx context.Context, id string) error {
			kept.Delete(id)
			return b.Backend.Remove(ctx, id)
		}
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			kept.Delete(id)
			return b.Backend.Swap(ctx, id, old, new)
		}
		b.touch = func(ctx context.Context, id string, ttl time.Duration) (string, error) {
			kept.Delete(id)
			return b.Backend.Touch(ctx, id, ttl)
		}
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			kept.Delete(id)
			return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
		}
		b.revoke = func(ctx context.Context, subject, except string) (int, error) {
			kept.Clear()
			return b.Backend.RevokeSubject(ctx, subject, except)
		}
	}},
	{"expired records exist", "ExpiredExists", func(b *broken) {
		ids := known(b)
		b.exists = func(ctx context.Context, id string) (bool, error) {
			return ids.has(id), ctx.Err()
		}
		b.remove = func(ctx context.Context, id string) error {
			ids.drop(id)
			return b.Backend.Remove(ctx, id)
		}
	}},
	{"no TTL means for ever", "NoTTL", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if r.TTL <= 0 {
				r.TTL = 1e6 * time.Hour
			}
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"a tiny TTL is refused", "TinyTTL", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			r.TTL = r.TTL.Truncate(time.Millisecond)
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"a tiny TTL means for ever", "TinyTTL", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if r.TTL > 0 && r.TTL < time.Millisecond {
				r.TTL = 1e6 * time.Hour
			}
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"a TTL lasts 30 days at most", "LongTTL", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			r.TTL = min(r.TTL, 30*24*time.Hour)
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"the TTL is that of the beginning", "TTLLeft", func(b *broken) {
		var ttl sync.Map
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			ttl.Store(id, r.TTL)
			return b.Backend.Write(ctx, id, r)
		}
		b.read = func(ctx context.Context, id string) (backends.Record, error) {
			r, err := b.Backend.Read(ctx, id)
			if first, ok := ttl.Load(id); ok && err == nil {
				r.TTL = first.(time.Duration)
			}
			return r, err
		}
	}},
	{"the TTL is negative where it should be unknown", "TTLLeft", func(b *broken) {
		b.read = func(ctx context.Context, id string) (backends.Record, error) {
			r, err := b.Backend.Read(ctx, id)
			r.TTL = -1
			return r, err
		}
	}},
}

var touchBreakages = []breakage{
	{"Touch only shortens", "TouchExtends TouchKeepsSubject", func(b *broken) {
		b.touch = func(ctx context.Context, id string, ttl time.Duration) (string, error) {
			if r, err := b.Backend.Read(ctx, id); err == nil {
				ttl = min(ttl, r.TTL)
			}
			return b.Backend.Touch(ctx, id, ttl)
		}
	}},
	{"Touch only extends", "TouchShortens", func(b *broken) {
		b.touch = func(ctx context.Context, id string, ttl time.Duration) (string, error) {
			if r, err := b.Backend.Read(ctx, id); err == nil && ttl > 0 {
				ttl = max(ttl, r.TTL)
			}
			return b.Backend.Touch(ctx, id, ttl)
		}
	}},
	{"Touch cuts the data", "TouchKeepsData", func(b *broken) {
		b.touch = func(ctx context.Context, id string, ttl time.Duration) (string, error) {
			if r, err := b.Backend.Read(ctx, id); err == nil && ttl > time.Hour {
				r.Data = r.Data[1:]
				return b.Backend.Write(ctx, id, r)
			}
			return b.Backend.Touch(ctx, id, ttl)
		}
	}},
	{"Touch of what is absent succeeds", "TouchAbsent", func(b *broken) {
		ids := known(b)
		b.touch = func(ctx context.Context, id string, ttl time.Duration) (string, error) {
			if !ids.has(id) {
				return id, nil
			}
			return b.Backend.Touch(ctx, id, ttl)
		}
	}},
	{"Touch of what has expired succeeds", "TouchExpired", func(b *broken) {
		ids := known(b)
		b.touch = func(ctx context.Context, id string, ttl time.Duration) (string, error) {
			_, err := b.Backend.Touch(ctx, id, ttl)
			if ids.has(id) && errors.Is(err, backends.ErrNotFound) {
				err = nil
			}
			return id, err
		}
	}},
	{"Touch without a TTL removes", "TouchNoTTL", func(b *broken) {
		b.touch = func(ctx context.Context, id string, ttl time.Duration) (string, error) {
			if ttl <= 0 {
				b.Backend.Remove(ctx, id)
			}
			return b.Backend.Touch(ctx, id, ttl)
		}
	}},
	{"Touch without a TTL is ignored", "TouchNoTTL", func(b *broken) {
		b.touch = func(ctx context.Context, id string, ttl time.Duration) (string, error) {
			if ttl <= 0 {
				return id, nil
			}
			return b.Backend.Touch(ctx, id, ttl)
		}
	}},
	{"Touch takes the record from its subject", "TouchKeepsSubject", func(b *broken) {
		b.touch = func(ctx context.Context, id string, ttl time.Duration) (string, error) {
			r, err := b.Backend.Read(ctx, id)
			if err == nil && ttl > 0 {
				r.Subject = ""
				b.Backend.Swap(ctx, id, r.Data, r)
			}
			return b.Backend.Touch(ctx, id, ttl)
		}
	}},
}
