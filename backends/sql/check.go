package sql

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Check connects, runs every kind of statement that the backend needs with a
// session of its own, and returns what went wrong: the table is missing or cuts
// data off, the user lacks a right, the server is read-only or takes only
// smaller records than [Options].MaxSize. It is for a program's start, or for a
// thorough health check.
func (b *Backend) Check(ctx context.Context) error {
	if err := b.Describe().Err; err != nil {
		return err
	}
	id, name := "check-"+rand.Text(), "check-"+rand.Text()
	// More than a column of a smaller type would take, which some settings cut
	// off in silence.
	large := bytes.Repeat([]byte("check"), 14000)
	if b.maxSize > 0 {
		large = large[:min(len(large), b.maxSize)]
	}
	r := backends.Record{Data: large, TTL: time.Minute, Subject: name}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"learn how much a statement may hold", func() error { return b.checkLimit(ctx) }},
		{"create a session with an owner", func() error { return b.Swap(ctx, id, nil, r) }},
		{"read it", func() error {
			found, err := b.Read(ctx, id)
			if err == nil && !bytes.Equal(found.Data, r.Data) {
				return errors.New("other data came back than was stored: make the table as Schema says")
			}
			return err
		}},
		{"replace it", func() error { return b.Swap(ctx, id, r.Data, r) }},
		{"extend it", func() error { _, err := b.Touch(ctx, id, time.Minute); return err }},
		{"give it another ID", func() error {
			retired := id
			id += "-new"
			return b.Rotate(ctx, retired, r.Data, backends.Record{}, id, r)
		}},
		{"look for it", func() error { _, err := b.Exists(ctx, id); return err }},
		{"list its owner's", func() error { _, err := b.ListSubject(ctx, name); return err }},
		{"create one more than its owner may have", func() error {
			limited := r
			limited.SubjectLimit = 1
			if err := b.Swap(ctx, id+"-limit", nil, limited); !errors.Is(err, backends.ErrSubjectLimit) {
				return cmp.Or(err, errors.New("the limit is not kept"))
			}
			return nil
		}},
		{"revoke its owner's", func() error { _, err := b.RevokeSubject(ctx, name, ""); return err }},
		{"remove it", func() error { return b.Remove(ctx, id) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("sql: cannot %s: %w", step.what, err)
		}
	}
	return nil
}

// checkLimit compares the server's limit with MaxSize.
func (b *Backend) checkLimit(ctx context.Context) error {
	if b.dialect.Limit == "" || b.maxSize == 0 {
		return nil
	}
	var limit int64
	err := b.do(ctx, repeatable, func() error { return b.db.QueryRowContext(ctx, b.dialect.Limit).Scan(&limit) })
	if err != nil {
		return err
	}
	if need := 2*int64(b.maxSize) + 16<<10; limit < need {
		return backends.NotApplied(fmt.Errorf("a statement may have %d bytes, and a session may need %d: raise max_allowed_packet, or set Options.MaxSize to at most %d", limit, need, (limit-16<<10)/2))
	}
	return nil
}
