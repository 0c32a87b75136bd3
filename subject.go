package sessions

import (
	"context"
	"errors"
)

// SubjectIndex is a [Backend] that finds the records of one owner: the ability
// behind "your devices" and "log out everywhere".
type SubjectIndex interface {
	Backend

	// ListSubject returns the live records of subject, in no particular order.
	ListSubject(ctx context.Context, subject string) ([]Stored, error)

	// CountSubject returns how many live records subject has.
	CountSubject(ctx context.Context, subject string) (int, error)

	// RevokeSubject removes every record of subject but the one under the ID
	// except ("": none) and returns how many it removed. Records that are
	// filed while it runs may survive; those filed before do not.
	RevokeSubject(ctx context.Context, subject, except string) (int, error)
}

// Stored is a record and the ID under which the backend keeps it.
type Stored struct {
	ID     string
	Record Record
}

// Handle returns the public name of the session, as [Session.ID] and [Info]
// have it: operators can print it, and nothing can be loaded with it.
func (s Stored) Handle() string { return handle(s.ID) }

// ListSubject calls the method of that name, or returns
// [errors.ErrUnsupported].
func ListSubject(ctx context.Context, b Backend, subject string) (list []Stored, err error) {
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

// CountSubject calls the method of that name, or returns
// [errors.ErrUnsupported].
func CountSubject(ctx context.Context, b Backend, subject string) (n int, err error) {
	switch b := b.(type) {
	case *intercepted:
		err = b.do(ctx, OpCount, func(ctx context.Context) error {
			n, err = CountSubject(ctx, b.inner, subject)
			return err
		})
		return n, err
	case SubjectIndex:
		return b.CountSubject(ctx, subject)
	}
	return 0, errors.ErrUnsupported
}

// RevokeSubject calls the method of that name, or returns
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
