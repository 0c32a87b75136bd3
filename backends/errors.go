package backends

import (
	"errors"
	"fmt"
)

// The errors that a backend returns. Test for them with [errors.Is]. A missing
// ability is reported as [errors.ErrUnsupported].
var (
	// ErrNotFound reports that no record is stored under an ID, or that it has
	// expired.
	ErrNotFound = errors.New("sessions: no such session")

	// ErrExpired reports a record that is still there although its time has
	// passed. A backend may return it in place of ErrNotFound, which it matches,
	// so that operators see why a token was refused.
	ErrExpired error = expired{}

	// ErrReplaced reports a token whose session has lived on in another one for
	// less than a minute: see [Revoker]. It is an ErrNotFound.
	ErrReplaced error = replaced{}

	// ErrConflict reports that another request changed the record first.
	ErrConflict = errors.New("sessions: the session was changed by another request")

	// ErrTooLarge reports a record that exceeds what the backend, the cookie or
	// the configuration allows.
	ErrTooLarge = errors.New("sessions: the session is too large")

	// ErrSubjectLimit reports that the owner already has as many sessions as
	// [Record].SubjectLimit allows.
	ErrSubjectLimit = errors.New("sessions: the subject has too many sessions")

	// ErrNotApplied marks an error after which the operation has certainly
	// changed nothing, such as a refused connection. Any other error of a write
	// leaves the outcome open, and the middleware has to find out. [NotApplied]
	// marks an error.
	ErrNotApplied = errors.New("sessions: nothing was changed")

	// ErrUnavailable reports that a [Breaker] did not call the backend, because
	// recent calls failed. It matches ErrNotApplied.
	ErrUnavailable error = unavailable{}
)

type expired struct{}

func (expired) Error() string        { return "sessions: the session has expired" }
func (expired) Is(target error) bool { return target == ErrNotFound }

type replaced struct{}

func (replaced) Error() string        { return "sessions: the session was replaced by another one" }
func (replaced) Is(target error) bool { return target == ErrNotFound }

type unavailable struct{}

func (unavailable) Error() string        { return "sessions: the backend is unavailable" }
func (unavailable) Is(target error) bool { return target == ErrNotApplied }

// NotApplied returns err marked as an [ErrNotApplied]. Its text stays as it is. It
// returns nil for nil.
func NotApplied(err error) error {
	if err == nil || errors.Is(err, ErrNotApplied) {
		return err
	}
	return notApplied{err}
}

type notApplied struct{ error }

func (e notApplied) Unwrap() error      { return e.error }
func (notApplied) Is(target error) bool { return target == ErrNotApplied }

// Error is a failure of a backend, such as an outage. It says nothing about the
// session: do not treat the visitor as logged out.
type Error struct {
	Op  Op
	Err error
}

func (e *Error) Error() string { return fmt.Sprintf("sessions: %s: %v", e.Op, e.Err) }

// Unwrap returns the backend's own error.
func (e *Error) Unwrap() error { return e.Err }
