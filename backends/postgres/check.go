package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Check connects, runs every kind of statement that the backend needs with a
// session of its own, and returns what went wrong: the table is missing, the role
// lacks a right, the server is read-only. It is for a program's start, or a health
// check that means it.
func (b *Backend) Check(ctx context.Context) error {
	if err := b.Describe().Err; err != nil {
		return err
	}
	id, name := "check-"+rand.Text(), "check-"+rand.Text()
	r := backends.Record{Data: []byte("check"), TTL: time.Minute, Subject: name}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"create a session with an owner", func() error { return b.Swap(ctx, id, nil, r) }},
		{"read it", func() error { _, err := b.Read(ctx, id); return err }},
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
			return fmt.Errorf("postgres: cannot %s: %w", step.what, err)
		}
	}
	return nil
}
