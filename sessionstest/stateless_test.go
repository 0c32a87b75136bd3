package sessionstest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/gosessions/sessions/backends"
)

// stateless is a small backend whose tokens hold the record: signature, time of
// expiry, data. Its functions can be replaced to break it.
type stateless struct {
	open   func(token string) ([]byte, bool)
	write  func(ctx context.Context, id string, r backends.Record) (string, error)
	remove func(token string) error
	exists func(ctx context.Context, token string) (bool, error)
}

func newStateless() *stateless { return new(stateless) }

func (*stateless) Describe() backends.Facts { return backends.Facts{Stateless: true} }

func sign(body []byte) []byte {
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write(body)
	return mac.Sum(nil)
}

func (b *stateless) Read(ctx context.Context, token string) (backends.Record, error) {
	open := unseal
	if b.open != nil {
		open = b.open
	}
	body, ok := open(token)
	if !ok || len(body) < 9 {
		return backends.Record{}, backends.ErrNotFound
	}
	left := time.Until(time.Unix(0, int64(binary.BigEndian.Uint64(body))))
	if left <= 0 {
		return backends.Record{}, backends.ErrNotFound
	}
	return backends.Record{Data: body[8:], TTL: left}, nil
}

// unseal returns what a token holds if it is written as seal does.
func unseal(token string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < 32 || !hmac.Equal(raw[:32], sign(raw[32:])) || base64.RawURLEncoding.EncodeToString(raw) != token {
		return nil, false
	}
	return raw[32:], true
}

func seal(r backends.Record) []byte {
	body := binary.BigEndian.AppendUint64(nil, uint64(time.Now().Add(r.TTL).UnixNano()))
	body = append(body, r.Data...)
	return append(sign(body), body...)
}

func (b *stateless) Write(ctx context.Context, id string, r backends.Record) (string, error) {
	if b.write != nil {
		return b.write(ctx, id, r)
	}
	if r.TTL <= 0 {
		return "", errors.New("no TTL")
	}
	return base64.RawURLEncoding.EncodeToString(seal(r)), nil
}

func (b *stateless) Remove(ctx context.Context, token string) error {
	if b.remove != nil {
		return b.remove(token)
	}
	return nil
}

func (b *stateless) Exists(ctx context.Context, token string) (bool, error) {
	if b.exists != nil {
		return b.exists(ctx, token)
	}
	_, err := b.Read(ctx, token)
	return err == nil, nil
}

func (b *stateless) Touch(ctx context.Context, token string, ttl time.Duration) (string, error) {
	r, err := b.Read(ctx, token)
	if err != nil {
		return "", err
	}
	r.TTL = ttl
	return b.Write(ctx, token, r)
}
