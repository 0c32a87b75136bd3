package cookie

import (
	"errors"

	"github.com/gosessions/sessions/serializer"
)

// Refusal is the reason why a token is refused, in one word. Open returns it as
// an error, so errors.Is(err, cookie.Expired) works. It is for operators; to a
// client all refusals look the same.
type Refusal string

// The reasons for which a token is refused.
const (
	// BadSignature: no configured key signed this token. Someone changed it, or
	// its key was retired.
	BadSignature Refusal = "bad-signature"

	// Expired: the token is genuine and too old.
	Expired Refusal = "expired"

	// Future: the token was signed later than now by more than the clock skew.
	Future Refusal = "future"

	// NotYetValid: the nbf or iat of the JSON Web Token is in the future.
	NotYetValid Refusal = "not-yet-valid"

	// Malformed: the text does not have the form of such a token.
	Malformed Refusal = "malformed"

	// MissingTimestamp: the token is genuine but has no time of signing.
	MissingTimestamp Refusal = "missing-timestamp"

	// BadPayload: the token is genuine, but its content cannot be read.
	BadPayload Refusal = "bad-payload"

	// NotADict: the token is genuine, but it holds a list, a string or a number
	// instead of a session.
	NotADict Refusal = "not-a-dict"

	// BadAlgorithm: the JSON Web Token has a different algorithm from its
	// key's.
	BadAlgorithm Refusal = "bad-algorithm"

	// BadClaim: the JSON Web Token is genuine, but is for another audience or
	// from another issuer, or one of its registered claims is missing or of the
	// wrong type.
	BadClaim Refusal = "bad-claim"

	// TooLarge: the token is longer, or inflates to more, than the limit.
	TooLarge Refusal = "too-large"

	// Revoked: the token is genuine, but its session has ended.
	Revoked Refusal = "revoked"

	// Pickle: the record is a Python pickle. It is never read, because reading
	// it would run the program inside.
	Pickle Refusal = "pickle"
)

// Error returns a message with the reason.
func (r Refusal) Error() string { return "cookie: token refused: " + string(r) }

// Reason returns in one word why err refuses a token or the record in it: the
// [Refusal], or the equivalent of an error of package serializer. It returns ""
// if err is not a refusal.
func Reason(err error) string {
	if refusal, ok := errors.AsType[Refusal](err); ok {
		return string(refusal)
	}
	switch {
	case errors.Is(err, serializer.ErrNotDict):
		return string(NotADict)
	case errors.Is(err, serializer.ErrCorrupt), errors.Is(err, serializer.ErrNewer):
		return string(BadPayload)
	}
	return ""
}
