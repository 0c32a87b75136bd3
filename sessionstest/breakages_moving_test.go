package sessionstest_test

import (
	"context"
	"slices"
	"sync"

	"github.com/gosessions/sessions/backends"
)

// slowly makes moving a record take time, so that another operation that pauses
// longer finds it moved.
func slowly(b *broken) {
	b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
		pause()
		return b.Backend.Swap(ctx, id, old, new)
	}
	b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
		pause()
		return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
	}
}

// later lets others move what they have, and then removes what is still under one
// of ids and subject's.
func later(ctx context.Context, b *broken, subject string, ids []string) (removed []string) {
	for range 5 {
		pause()
	}
	for _, id := range ids {
		if r, err := b.Backend.Read(ctx, id); err == nil && r.Subject == subject {
			b.Backend.Remove(ctx, id)
			removed = append(removed, id)
		}
	}
	return removed
}

// filed returns the IDs of subject's records, the last filed first.
func filed(ctx context.Context, b *broken, subject string) (ids []string) {
	list, _ := b.Backend.ListSubject(ctx, subject)
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return ids
}

var movingBreakages = []breakage{
	{"revoking looks once", "RevokeReachesTheMoved RevokeReachesTheRotated", func(b *broken) {
		slowly(b)
		b.revoke = func(ctx context.Context, subject, except string) (int, error) {
			ids := slices.DeleteFunc(filed(ctx, b, subject), func(id string) bool { return id == except })
			return len(later(ctx, b, subject, ids)), nil
		}
	}},
	{"what descends from the exception is spared", "RevokeSparesOneID", func(b *broken) {
		var next sync.Map
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			next.Store(id, newID)
			return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
		}
		b.revoke = func(ctx context.Context, subject, except string) (int, error) {
			if id, ok := next.Load(except); ok {
				except = id.(string)
			}
			return b.Backend.RevokeSubject(ctx, subject, except)
		}
	}},
}

var trimBreakages = []breakage{
	{"trimming returns no IDs", "Trim TrimKeeps TrimPlace TrimTogether", func(b *broken) {
		b.trim = func(ctx context.Context, subject string, max int, keep string) ([]string, error) {
			_, err := b.Backend.TrimSubject(ctx, subject, max, keep)
			return nil, err
		}
	}},
	{"nothing is kept", "TrimKeeps", func(b *broken) {
		var mu sync.Mutex
		b.trim = func(ctx context.Context, subject string, max int, keep string) ([]string, error) {
			ids := filed(ctx, b, subject)
			if max > 0 && slices.Contains(ids, keep) && keep == ids[len(ids)-1] && len(ids) == 5 {
				keep = ""
			}
			mu.Lock()
			defer mu.Unlock()
			return b.Backend.TrimSubject(ctx, subject, max, keep)
		}
	}},
	{"a max of 0 ends all", "TrimNoMax", func(b *broken) {
		b.trim = func(ctx context.Context, subject string, max int, keep string) ([]string, error) {
			if max <= 0 {
				_, err := b.Backend.RevokeSubject(ctx, subject, keep)
				return nil, err
			}
			return b.Backend.TrimSubject(ctx, subject, max, keep)
		}
	}},
	{"what has expired is trimmed", "TrimForgetsTheGone", func(b *broken) {
		counts := brief(b)
		b.trim = func(ctx context.Context, subject string, max int, keep string) ([]string, error) {
			return b.Backend.TrimSubject(ctx, subject, max-counts.of(subject), keep)
		}
	}},
	{"each trims by itself", "TrimTogether", func(b *broken) {
		b.trim = func(ctx context.Context, subject string, max int, keep string) ([]string, error) {
			pause() // until all have stored theirs
			ids := filed(ctx, b, subject)
			if keep == "" || len(ids) <= max {
				return b.Backend.TrimSubject(ctx, subject, max, keep)
			}
			if i := slices.Index(ids, keep); i >= 0 {
				ids = append([]string{keep}, slices.Delete(ids, i, i+1)...)
			}
			return later(ctx, b, subject, ids[max:]), nil
		}
	}},
	{"trimming looks once", "TrimReachesTheMoved TrimReachesTheRotated", func(b *broken) {
		slowly(b)
		b.trim = func(ctx context.Context, subject string, max int, keep string) ([]string, error) {
			ids := filed(ctx, b, subject)
			if keep != "" || max != 2 || len(ids) < 3 {
				return b.Backend.TrimSubject(ctx, subject, max, keep)
			}
			return later(ctx, b, subject, ids[max:]), nil
		}
	}},
	{"a swap renews the place", "TrimPlace", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			before, _ := b.Backend.Read(ctx, id)
			err := b.Backend.Swap(ctx, id, old, new)
			if err == nil && new.Subject != "" && new.Subject == before.Subject {
				new.SubjectLimit = 0
				nobodys := new
				nobodys.Subject = ""
				b.Backend.Write(ctx, id, nobodys)
				_, err = b.Backend.Write(ctx, id, new)
			}
			return err
		}
	}},
}
