package backends

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// SubjectIndex is a [Backend] that finds the records of one owner: the ability
// behind "your devices" and "log out everywhere".
type SubjectIndex interface {
	Backend

	// ListSubject returns the live records of subject, in no particular order.
	ListSubject(ctx context.Context, subject string) ([]Entry, error)

	// RevokeSubject removes every record of subject but the one under the ID
	// except ("": none) and returns how many it removed. Records that are
	// filed while it runs may survive; those filed before do not.
	RevokeSubject(ctx context.Context, subject, except string) (int, error)
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
