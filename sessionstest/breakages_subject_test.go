package sessionstest_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gosessions/sessions/backends"
)

var subjectBreakages = []breakage{
	{"the list holds no data", "List", func(b *broken) {
		b.list = func(ctx context.Context, subject string) ([]backends.Entry, error) {
			list, err := b.Backend.ListSubject(ctx, subject)
			for i := range list {
				list[i].Record.Data = nil
			}
			return list, err
		}
	}},
	{"the list holds two at most", "List Limit LimitRotate LimitRotateTogether LimitSwapTogether LimitTogether Trim TrimKeeps TrimTogether", func(b *broken) {
		b.list = func(ctx context.Context, subject string) ([]backends.Entry, error) {
			list, err := b.Backend.ListSubject(ctx, subject)
			return list[:min(len(list), 2)], err
		}
	}},
	{"the list repeats itself", "List Limit LimitRotate LimitRotateTogether LimitSwapTogether LimitTogether Trim TrimKeeps TrimTogether", func(b *broken) {
		b.list = func(ctx context.Context, subject string) ([]backends.Entry, error) {
			list, err := b.Backend.ListSubject(ctx, subject)
			if len(list) > 2 {
				list = append(list, list[0])
			}
			return list, err
		}
	}},
	{"nobody is a subject", "Nobody", func(b *broken) {
		b.list = func(ctx context.Context, subject string) (list []backends.Entry, err error) {
			if subject != "" {
				return b.Backend.ListSubject(ctx, subject)
			}
			err = b.Backend.Walk(ctx, func(s backends.Entry) error {
				if s.Record.Subject == "" {
					list = append(list, s)
				}
				return nil
			})
			return list, err
		}
	}},
	{"an unknown subject is an error", "Nobody", func(b *broken) {
		b.revoke = func(ctx context.Context, subject, except string) (int, error) {
			n, err := b.Backend.RevokeSubject(ctx, subject, except)
			if n == 0 && subject == "" {
				err = backends.ErrNotFound
			}
			return n, err
		}
	}},
	{"spaces at the end do not count", "AnySubject", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			r.Subject = strings.TrimSpace(r.Subject)
			return b.Backend.Write(ctx, id, r)
		}
		b.list = func(ctx context.Context, subject string) ([]backends.Entry, error) {
			return b.Backend.ListSubject(ctx, strings.TrimSpace(subject))
		}
	}},
	{"a subject is not given up", "Rebind IndexTogether LimitForgetsTheGone", func(b *broken) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if old, err := b.Backend.Read(ctx, id); err == nil && r.Subject == "" {
				r.Subject = old.Subject
			}
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"a new record inherits the subject", "RemovedIsUnlisted IndexTogether", func(b *broken) {
		var was sync.Map
		b.remove = func(ctx context.Context, id string) error {
			if r, err := b.Backend.Read(ctx, id); err == nil {
				was.Store(id, r.Subject)
			}
			return b.Backend.Remove(ctx, id)
		}
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if subject, ok := was.Load(id); ok && r.Subject == "" {
				r.Subject = subject.(string)
			}
			return b.Backend.Write(ctx, id, r)
		}
	}},
	{"revoking ends at two", "Revoke RevokeReachesTheMoved RevokeReachesTheRotated", func(b *broken) {
		b.revoke = func(ctx context.Context, subject, except string) (int, error) {
			list, _ := b.Backend.ListSubject(ctx, subject)
			if len(list) < 3 {
				return b.Backend.RevokeSubject(ctx, subject, except)
			}
			n, err := b.Backend.RevokeSubject(ctx, subject, list[0].ID)
			return n + 1, err
		}
	}},
	{"revoking counts nothing", "Revoke RevokeExcept ExpiredIsUnlisted RevokeIsFinal TouchKeepsSubject RevokeSparesOneID", func(b *broken) {
		b.revoke = func(ctx context.Context, subject, except string) (int, error) {
			_, err := b.Backend.RevokeSubject(ctx, subject, except)
			return 0, err
		}
	}},
	{"nothing is spared", "RevokeExcept", func(b *broken) {
		b.revoke = func(ctx context.Context, subject, except string) (int, error) {
			n, err := b.Backend.RevokeSubject(ctx, subject, "")
			if _, gone := b.Backend.Read(ctx, except); except != "" && gone != nil {
				n--
			}
			return n, err
		}
	}},
	{"an unknown exception spares all", "RevokeExcept", func(b *broken) {
		b.revoke = func(ctx context.Context, subject, except string) (int, error) {
			if _, err := b.Backend.Read(ctx, except); err != nil && except != "" {
				return 0, nil
			}
			return b.Backend.RevokeSubject(ctx, subject, except)
		}
	}},
	{"the index loses updates", "IndexTogether LimitTogether TrimTogether", func(b *broken) {
		var writes atomic.Int64
		lost := new(set)
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			lost.drop(id)
			mine := writes.Add(1)
			pause()
			if writes.Load() != mine {
				lost.add(id)
			}
			return b.Backend.Write(ctx, id, r)
		}
		b.list = func(ctx context.Context, subject string) (kept []backends.Entry, err error) {
			list, err := b.Backend.ListSubject(ctx, subject)
			for _, s := range list {
				if !lost.has(s.ID) {
					kept = append(kept, s)
				}
			}
			return kept, err
		}
	}},
	{"Swap keeps the subject", "SwapRebinds LimitSwap LimitSwapTogether TrimPlace TrimReachesTheMoved", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if r, err := b.Backend.Read(ctx, id); err == nil && new.Data != nil {
				new.Subject = r.Subject
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"a conflict changes the index", "ConflictKeepsSubject", func(b *broken) {
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			err := b.Backend.Swap(ctx, id, old, new)
			if r, found := b.Backend.Read(ctx, id); found == nil && errors.Is(err, backends.ErrConflict) && new.Subject != "" {
				r.Subject = new.Subject
				b.Backend.Swap(ctx, id, r.Data, r)
			}
			return err
		}
	}},
	{"Swap brings back what was revoked", "RevokeIsFinal RevokeReachesTheMoved", func(b *broken) {
		revoked := new(set)
		b.revoke = func(ctx context.Context, subject, except string) (int, error) {
			list, _ := b.Backend.ListSubject(ctx, subject)
			for _, s := range list {
				revoked.add(s.ID)
			}
			return b.Backend.RevokeSubject(ctx, subject, except)
		}
		b.swap = func(ctx context.Context, id string, old []byte, new backends.Record) error {
			if revoked.has(id) {
				old = nil
			}
			return b.Backend.Swap(ctx, id, old, new)
		}
	}},
	{"the tombstone keeps the subject", "RotateMovesSubject LimitRotate TrimReachesTheRotated", func(b *broken) {
		b.rotate = func(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, new backends.Record) error {
			if r, err := b.Backend.Read(ctx, id); err == nil {
				tombstone.Subject = r.Subject
			}
			return b.Backend.Rotate(ctx, id, old, tombstone, newID, new)
		}
	}},
}
