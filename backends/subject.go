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
// A subject's records have an order: that in which they were filed, that is, written
// under an ID that did not have this subject before. A swap that leaves the subject
// as it is keeps the record's place. Rotate within a subject, and a Write over a
// record of the same subject, may keep the place or make the record the last; which
// of the two is up to the backend.
//
// One record descends from another if Rotate stored it in the other's place, or if a
// caller stored it and then swapped the other for a marker that is not the
// subject's. An ID to which a record moves was never used before.
type SubjectIndex interface {
	Backend

	// ListSubject returns the live records of subject, in no particular order.
	ListSubject(ctx context.Context, subject string) ([]Entry, error)

	// RevokeSubject removes every record of subject but the one under the ID
	// except ("": none), and returns how many it removed. It returns a nil error
	// only if no record is left that was there when it began, and none that
	// descends from such a record, whatever others do at the same time. Other
	// records that are filed while it runs may survive.
	//
	// Only the ID except is spared. If the record under it was rotated before, the
	// one that descends from it is removed like all others; if it is rotated
	// meanwhile, that one may be removed: nobody can tell whether the owner or a
	// thief has the new ID.
	//
	// It ends with ctx at the latest, and may give up earlier if records change
	// their IDs faster than it can follow. If it returns an error, the number
	// may be too low.
	RevokeSubject(ctx context.Context, subject, except string) (int, error)

	// TrimSubject leaves subject with at most max live records. It removes
	// those that were filed first, but never the one under the ID keep if that
	// is not "", and returns the IDs of the removed records in no particular
	// order. A max of less than 1 is an error.
	//
	// However many calls run at the same time, each with a keep of its own, they
	// decide as if one came after the other: max records remain, not fewer. If a
	// record that is to be removed is rotated at that moment, either it is removed
	// under its new ID, or it now counts as the last and another one is removed. A
	// record that moves in two steps counts twice between them. Records that are
	// filed while TrimSubject runs may be left to the caller who filed them.
	//
	// It ends as RevokeSubject does. If it returns an error, it may have
	// removed more records than it returns IDs.
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
