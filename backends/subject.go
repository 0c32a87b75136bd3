package backends

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// SubjectIndex is a [Backend] that finds the records of one owner: the ability
// behind "your devices", "log out everywhere" and a limit of sessions for each
// owner. It honors [Record].SubjectLimit.
//
// A record has a place among its subject's records: the order in which they were
// filed, that is, written under an ID that did not have this subject before. A
// swap that leaves the subject as it is keeps the place. The new record of a
// rotation takes the place of the one that it retires, or a new one; which of the
// two is up to the backend, and so it is for a Write over a record of the same
// subject.
//
// A record descends from another by rotation if Rotate stored it in the other's
// place, or if a caller stored it first and then swapped the other for a tombstone
// that is not the subject's. An ID to which a record rotates was never used
// before.
type SubjectIndex interface {
	Backend

	// ListSubject returns the live records of subject, in no particular order.
	ListSubject(ctx context.Context, subject string) ([]Entry, error)

	// RevokeSubject removes every record of subject but the one under the ID
	// except ("": none), and returns how many it removed. It returns nil only if
	// no record that was there when it began is left, nor one that descends from
	// such a record by rotation, whatever others do at the same time. Records that
	// are filed while it runs and descend from none may survive.
	//
	// Only the ID except is spared. If the record under it has been rotated,
	// before or meanwhile, the one that descends from it is removed like all
	// others: nobody can tell whether the owner or a thief has it.
	//
	// It ends with ctx at the latest, and may give up before, with an error that
	// says so, if records change their IDs faster than it can follow. The number
	// is right also beside an error.
	RevokeSubject(ctx context.Context, subject, except string) (int, error)

	// TrimSubject leaves subject with max live records: it removes those that
	// were filed first, but never the one under the ID keep ("": none), and
	// returns the IDs of those that it removed, in no particular order. It
	// removes nothing if there are max or less. A max of less than 1 is an error.
	//
	// What it decides, it decides at one moment for all callers: of any number of
	// calls at the same time, each with a keep of its own, max records remain,
	// and not fewer. A record that is to go and is rotated at that moment goes
	// under its new ID, or keeps the place that it has by then and another one
	// goes. Records that are filed while it runs may be left for the caller who
	// filed them to trim.
	//
	// It ends like RevokeSubject. The IDs are right also beside an error, unless
	// the error leaves open what was done.
	TrimSubject(ctx context.Context, subject string, max int, keep string) (removed []string, err error)
}

// Entry is a record and the ID under which the backend keeps it.
type Entry struct {
	ID     string
	Record Record
}

// PublicID returns the session's public ID. It may be printed and logged;
// nothing can be loaded with it.
func (e Entry) PublicID() string { return PublicID(e.ID) }

// PublicID returns the public ID of the session that a backend keeps under id.
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
