package cookie

import (
	"errors"

	"github.com/gosessions/sessions/serializer"
)

// Refusal is why a token is refused, in one word. It is the error that Open
// returns, so errors.Is(err, cookie.Expired) works; what it says is for
// operators, and to a client all refusals look alike.
type Refusal string

// The reasons for which a token is refused.
const (
	// BadSignature: no key of the ring made this token. Somebody changed it,
	// or its key was retired.
	BadSignature Refusal = "bad-signature"

	// Expired: it was genuine and its time is over.
	Expired Refusal = "expired"

	// Future: it was signed later than now, by more than the clocks may differ.
	Future Refusal = "future"

	// NotYetValid: a JSON Web Token whose nbf or iat lies in the future.
	NotYetValid Refusal = "not-yet-valid"

	// Malformed: it has not the shape of such a token.
	Malformed Refusal = "malformed"

	// MissingTimestamp: it is signed, but says not when.
	MissingTimestamp Refusal = "missing-timestamp"

	// BadPayload: it is genuine, and what is inside cannot be read.
	BadPayload Refusal = "bad-payload"

	// NotADict: it is genuine, and what is inside is no session but a list, a
	// text or a number.
	NotADict Refusal = "not-a-dict"

	// BadAlgorithm: a JSON Web Token with another algorithm than its key's.
	BadAlgorithm Refusal = "bad-algorithm"

	// BadClaim: a genuine JSON Web Token for somebody else, or with a
	// registered claim that is missing or of the wrong type.
	BadClaim Refusal = "bad-claim"

	// TooLarge: it is longer, or inflates to more, than is ever read.
	TooLarge Refusal = "too-large"

	// Pickle: a record that only running a program inside it could read.
	Pickle Refusal = "pickle"
)

// Error says that a token was refused, and why.
func (r Refusal) Error() string { return "cookie: token refused: " + string(r) }

// Reason names in one word why err refuses a token or the record in it: the
// [Refusal], or what the serializer's errors amount to, and "" for an error
// that is no refusal.
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
