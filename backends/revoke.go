package backends

import (
	"context"
	"errors"
)

// Revoker is a [Backend] with [Facts].Stateless that remembers what has ended: the
// ability behind logout and "log out everywhere" for sessions that nobody stores.
//
// Its tokens belong to sessions. Write with a token for the ID, and Touch, issue a
// further token of that token's session, or return ErrNotFound if the session has
// ended; Write with "" begins a new session. Remove ends the session of a token for
// good, with every token of it that was issued before or is issued by a request
// under way. It returns nil if the session has ended before, and ErrConflict if it
// lives on in another one: see Retire.
//
// Read returns ErrNotFound for what has ended. If the backend is a [FreshReader],
// Read may rely on what this process learned a while ago; but it knows at once
// what this process itself has ended.
type Revoker interface {
	Backend

	// Retire is like Remove for a session whose content lives on in another one:
	// for the next minute Read returns [ErrReplaced]. Of several calls of Remove
	// and Retire, exactly one ends the session. Retire returns ErrNotFound if
	// another call did, or if the owner's sessions were revoked.
	Retire(ctx context.Context, id string) error

	// RevokeIssued ends every session of subject that has a token issued before
	// the call, but not the session of the token except ("" or any other text:
	// none). If that session has ended, it stays so. Tokens that are issued after
	// RevokeIssued returns are valid.
	RevokeIssued(ctx context.Context, subject, except string) error
}

// Retire calls b.Retire if b is a [Revoker]; otherwise it returns
// [errors.ErrUnsupported].
func Retire(ctx context.Context, b Backend, id string) error {
	switch b := b.(type) {
	case *intercepted:
		return b.do(ctx, OpRetire, func(ctx context.Context) error { return Retire(ctx, b.inner, id) })
	case Revoker:
		return b.Retire(ctx, id)
	}
	return errors.ErrUnsupported
}

// RevokeIssued calls b.RevokeIssued if b is a [Revoker]; otherwise it returns
// [errors.ErrUnsupported].
func RevokeIssued(ctx context.Context, b Backend, subject, except string) error {
	switch b := b.(type) {
	case *intercepted:
		return b.do(ctx, OpRevoke, func(ctx context.Context) error {
			return RevokeIssued(ctx, b.inner, subject, except)
		})
	case Revoker:
		return b.RevokeIssued(ctx, subject, except)
	}
	return errors.ErrUnsupported
}
