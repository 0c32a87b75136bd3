package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/backends"
)

// Swap implements [backends.Swapper] with one statement. If the statement finds
// nothing to change, Swap returns [backends.ErrConflict], even if the record is
// gone: telling the two apart would make every commit 20% slower, and the
// caller reads the record again in either case.
func (b *Backend) Swap(ctx context.Context, id string, old []byte, record backends.Record) error {
	if record.Data != nil && record.TTL <= 0 {
		return errTTL
	}
	var err error
	switch {
	case old == nil && record.Data == nil:
		found, err := b.Exists(ctx, id)
		if err == nil && found {
			err = backends.ErrConflict
		}
		return err
	case old == nil:
		_, err = b.file(ctx, id, record, b.sql.create, key(id), subjectKey(record.Subject), record.TTL, record.Data)
	case record.Data == nil:
		_, err = b.change(ctx, b.sql.cut, key(id), old)
	default:
		return b.replace(ctx, id, old, record)
	}
	return orConflict(err)
}

// orConflict turns the errors for a row that another transaction has changed, and for
// a missing row, into ErrConflict.
func orConflict(err error) error {
	if outrun(err) || errors.Is(err, pgx.ErrNoRows) {
		return backends.ErrConflict
	}
	return err
}

// replace is Swap where both old and record have data.
func (b *Backend) replace(ctx context.Context, id string, old []byte, record backends.Record) error {
	if record.SubjectLimit > 0 && record.Subject != "" {
		return b.replaceAlone(ctx, id, old, record)
	}
	if !b.line.take() {
		c := &call{kind: swaps, key: key(id), old: slices.Clone(old), record: record, subject: subjectKey(record.Subject)}
		c.record.Data = slices.Clone(record.Data)
		switch v := b.line.wait(ctx, c); v.turn {
		case answered:
			return v.err
		case alone:
			return b.replaceAlone(ctx, id, old, record)
		}
	}
	defer b.leave()
	return b.replaceAlone(ctx, id, old, record)
}

// replaceAlone is replace with a statement of its own.
func (b *Backend) replaceAlone(ctx context.Context, id string, old []byte, record backends.Record) error {
	subject := subjectKey(record.Subject)
	_, err := b.file(ctx, id, record, b.sql.swap, key(id), subject, record.TTL, record.Data, old, subject)
	return orConflict(err)
}

// Rotate implements [backends.Rotator] with one statement.
func (b *Backend) Rotate(ctx context.Context, id string, old []byte, tombstone backends.Record, newID string, record backends.Record) error {
	if record.TTL <= 0 || tombstone.Data != nil && tombstone.TTL <= 0 {
		return errTTL
	}
	if id == newID {
		return backends.ErrConflict
	}
	sql := b.sql.rotateAway
	args := []any{key(id), old, key(newID), subjectKey(record.Subject), record.TTL, record.Data}
	if tombstone.Data != nil {
		sql = b.sql.rotate
		args = append(args, subjectKey(tombstone.Subject), tombstone.TTL, tombstone.Data)
	}
	outcome, err := b.file(ctx, id, record, sql, args...)
	switch {
	case outrun(err), sqlState(err) == newIDTaken, err == nil && outcome == 1:
		return backends.ErrConflict
	case err == nil && outcome == 2:
		return backends.ErrNotFound
	}
	return err
}

// newIDTaken is the SQLSTATE of the failing cast in the statement.
const newIDTaken = "22P02"
