package backends

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// SubjectIndex is a [Backend] that finds the records of one owner. It is the
// ability behind "your devices", "log out everywhere" and a limit on the
// sessions of each owner. It honors [Record].SubjectLimit.
//
// The records of a subject are ordered by when they were filed. A record is
// filed when it is written with a subject under an ID that did not have this
// subject before. A swap that does not change the subject keeps the record's
// place. The new record of a rotation takes either the place of the one that it
// replaces or a new place, and so does a Write over a record of the same
// subject: the backend may choose.
//
// A record descends from another by rotation if Rotate stored it as the other's
// replacement, or if a caller stored it first and then swapped the other for a
// tombstone that does not have the subject. The new ID of a rotation was never
// used before.
type SubjectIndex interface {
	Backend

	// ListSubject returns the live records of subject, in no particular order.
	ListSubject(ctx context.Context, subject string) ([]Entry, error)

	// RevokeSubject removes every record of subject, except the one under the
	// ID except if that is not "", and returns how many it removed. If it
	// returns a nil error, then none of the records that existed when it began
	// is left, and none that descends from them by rotation, whatever other
	// callers did at the same time. Records that are filed while it runs and
	// descend from none of them may survive.
	//
	// It spares only the ID except. If the record under it was rotated, before
	// or during the call, the descendant is removed like all others: its holder
	// may be the owner or a thief.
	//
	// It returns when ctx ends at the latest. It may return an error earlier if
	// records change their IDs faster than it can follow. The number is correct
	// even if the error is not nil.
	RevokeSubject(ctx context.Context, subject, except string) (int, error)

	// TrimSubject leaves subject with at most max live records. It removes
	// those that were filed first, but never the one under the ID keep if that
	// is not "", and returns the IDs of the removed records in no particular
	// order. A max of less than 1 is an error.
	//
	// Concurrent calls decide one after the other: after any number of calls at
	// the same time, each with its own keep, max records remain and not fewer.
	// If a record that TrimSubject is about to remove is rotated at that
	// moment, it either removes the record under its new ID, or goes by the new
	// record's place and removes another. It may leave records that are filed
	// while it runs to the caller who filed them.
	//
	// It returns early like RevokeSubject. The IDs are correct even if the
	// error is not nil, unless the error leaves open what was done.
	TrimSubject(ctx context.Context, subject string, max int, keep string) (removed []string, err error)
}

// Entry is a record and the ID under which the backend keeps it.
type Entry struct {
	ID     string
	Record Record
}

// PublicID returns the session's public ID. It may be printed and logged: no
// session can be loaded with it.
func (e Entry) PublicID() string { return PublicID(e.ID) }

// PublicID returns the public ID of the session that a backend stores under id.
// It may be printed and logged: no session can be loaded with it.
func PublicID(id string) string {
	sum := sha256.Sum256(append([]byte("sessions handle\x00"), id...))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// ListSubject calls b.ListSubject if b is a [SubjectIndex]; otherwise it returns
// [errors.ErrUnsupported].
func ListSubject(ctx context.Context, b Backend, subject string) (list []Entry, err error) {
	switch b := b.(type) {
	case *intercepted:
		err = b.do(ctx, OpList, func(ctx context.Context) error {
			list, err = ListSubject(ctx, b.inner, subject)
			return err
		})
		return list, err
	case SubjectIndex:
		return b.ListSubject(ctx, subject)
	}
	return nil, errors.ErrUnsupported
}

// RevokeSubject calls b.RevokeSubject if b is a [SubjectIndex]; otherwise it returns
// [errors.ErrUnsupported].
func RevokeSubject(ctx context.Context, b Backend, subject, except string) (n int, err error) {
	switch b := b.(type) {
	case *intercepted:
		err = b.do(ctx, OpRevoke, func(ctx context.Context) error {
			n, err = RevokeSubject(ctx, b.inner, subject, except)
			return err
		})
		return n, err
	case SubjectIndex:
		return b.RevokeSubject(ctx, subject, except)
	}
	return 0, errors.ErrUnsupported
}

// TrimSubject calls b.TrimSubject if b is a [SubjectIndex]; otherwise it returns
// [errors.ErrUnsupported].
func TrimSubject(ctx context.Context, b Backend, subject string, max int, keep string) (removed []string, err error) {
	switch b := b.(type) {
	case *intercepted:
		err = b.do(ctx, OpTrim, func(ctx context.Context) error {
			removed, err = TrimSubject(ctx, b.inner, subject, max, keep)
			return err
		})
		return removed, err
	case SubjectIndex:
		return b.TrimSubject(ctx, subject, max, keep)
	}
	return nil, errors.ErrUnsupported
}
