package sessionstest_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// revoker is a backend that can end sessions in tokens, of which some operations
// can be replaced.
type revoker struct {
	*cookie.RevocableBackend
	read   func(ctx context.Context, id string) (backends.Record, error)
	write  func(ctx context.Context, id string, r backends.Record) (string, error)
	touch  func(ctx context.Context, id string, ttl time.Duration) (string, error)
	remove func(ctx context.Context, id string) error
	retire func(ctx context.Context, id string) error
	revoke func(ctx context.Context, subject, except string) error
}

func newRevoker() *revoker {
	store := memory.New(nil)
	store.Close() // no rule depends on sweeps in the background
	return &revoker{RevocableBackend: cookie.Revocable(cookie.Encrypted("Wq3vT8nKz5LxRb2YcFh7MdGpJs9UeA4o"), store, &cookie.RevocationOptions{MaxLifetime: 400 * 24 * time.Hour})}
}

func (b *revoker) Read(ctx context.Context, id string) (backends.Record, error) {
	if b.read != nil {
		return b.read(ctx, id)
	}
	return b.RevocableBackend.Read(ctx, id)
}

func (b *revoker) Write(ctx context.Context, id string, r backends.Record) (string, error) {
	if b.write != nil {
		return b.write(ctx, id, r)
	}
	return b.RevocableBackend.Write(ctx, id, r)
}

func (b *revoker) Touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	if b.touch != nil {
		return b.touch(ctx, id, ttl)
	}
	return b.RevocableBackend.Touch(ctx, id, ttl)
}

func (b *revoker) Remove(ctx context.Context, id string) error {
	if b.remove != nil {
		return b.remove(ctx, id)
	}
	return b.RevocableBackend.Remove(ctx, id)
}

func (b *revoker) Retire(ctx context.Context, id string) error {
	if b.retire != nil {
		return b.retire(ctx, id)
	}
	return b.RevocableBackend.Retire(ctx, id)
}

func (b *revoker) RevokeIssued(ctx context.Context, subject, except string) error {
	if b.revoke != nil {
		return b.revoke(ctx, subject, except)
	}
	return b.RevocableBackend.RevokeIssued(ctx, subject, except)
}

var revokerBreakages = []struct {
	name  string
	rules string
	how   func(b *revoker)
}{
	{"a further token keeps the old record", "ContinuesSession", func(b *revoker) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if old, err := b.RevocableBackend.Read(ctx, id); err == nil {
				r.Data = old.Data
			}
			return b.RevocableBackend.Write(ctx, id, r)
		}
	}},
	{"a touched token outlives its session", "EndsSession", func(b *revoker) {
		b.touch = func(ctx context.Context, id string, ttl time.Duration) (string, error) {
			r, err := b.RevocableBackend.Read(ctx, id)
			if err != nil {
				return "", err
			}
			r.TTL = ttl
			return b.RevocableBackend.Write(ctx, "", r)
		}
	}},
	{"only the token that is removed ends", "EndsSession EndedIssuesNothing EndsOnce Retire", func(b *revoker) {
		ended := new(set)
		b.remove = func(_ context.Context, id string) error {
			ended.add(id)
			return nil
		}
		b.read = func(ctx context.Context, id string) (backends.Record, error) {
			if ended.has(id) {
				return backends.Record{}, backends.ErrNotFound
			}
			return b.RevocableBackend.Read(ctx, id)
		}
	}},
	{"removing no token is an error", "RemoveForgedToken", func(b *revoker) {
		b.remove = func(ctx context.Context, id string) error {
			if id == "" {
				return errOwn
			}
			return b.RevocableBackend.Remove(ctx, id)
		}
	}},
	{"what has ended begins again", "EndedIssuesNothing", func(b *revoker) {
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			token, err := b.RevocableBackend.Write(ctx, id, r)
			if errors.Is(err, backends.ErrNotFound) {
				token, err = b.RevocableBackend.Write(ctx, "", r)
			}
			return token, err
		}
	}},
	{"replaced is like ended", "Retire", func(b *revoker) {
		b.read = func(ctx context.Context, id string) (backends.Record, error) {
			r, err := b.RevocableBackend.Read(ctx, id)
			if errors.Is(err, backends.ErrReplaced) {
				err = backends.ErrNotFound
			}
			return r, err
		}
	}},
	{"two may replace a session", "EndsOnce", func(b *revoker) {
		b.retire = func(ctx context.Context, id string) error {
			if _, err := b.RevocableBackend.Read(ctx, id); err != nil {
				return backends.ErrNotFound
			}
			pause()
			_ = b.RevocableBackend.Retire(ctx, id)
			return nil
		}
	}},
	{"a session that gets an owner later is nobody's", "RevokeIssued", func(b *revoker) {
		nobodys := new(set)
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			if nobodys.has(id) {
				r.Subject = ""
			}
			token, err := b.RevocableBackend.Write(ctx, id, r)
			if r.Subject == "" && err == nil {
				nobodys.add(token)
			}
			return token, err
		}
	}},
	{"nothing is spared", "RevokeIssuedExcept", func(b *revoker) {
		b.revoke = func(ctx context.Context, subject, _ string) error {
			return b.RevocableBackend.RevokeIssued(ctx, subject, "")
		}
	}},
	{"what has ended lives again when it is spared", "RevokeIssuedExcept", func(b *revoker) {
		var records sync.Map // by token
		spared := new(set)
		b.write = func(ctx context.Context, id string, r backends.Record) (string, error) {
			token, err := b.RevocableBackend.Write(ctx, id, r)
			records.Store(token, r)
			return token, err
		}
		b.revoke = func(ctx context.Context, subject, except string) error {
			if _, err := b.RevocableBackend.Read(ctx, except); errors.Is(err, backends.ErrNotFound) {
				spared.add(except)
			}
			return b.RevocableBackend.RevokeIssued(ctx, subject, except)
		}
		b.read = func(ctx context.Context, id string) (backends.Record, error) {
			if r, ok := records.Load(id); ok && spared.has(id) {
				return r.(backends.Record), nil
			}
			return b.RevocableBackend.Read(ctx, id)
		}
	}},
}
