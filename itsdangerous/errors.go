package itsdangerous

import "errors"

var (
	// ErrEmptyKey reports an empty key, with which anyone could sign.
	ErrEmptyKey = errors.New("itsdangerous: empty key")

	// ErrOptions reports an unknown derivation or digest.
	ErrOptions = errors.New("itsdangerous: unknown derivation or digest")

	// ErrMalformed reports text that does not have the form of a token: it has
	// no separator, or it is validly signed but its timestamp is not a number.
	ErrMalformed = errors.New("itsdangerous: malformed token")

	// ErrBadSignature reports a signature that was not made with any of the
	// keys.
	ErrBadSignature = errors.New("itsdangerous: signature does not match")

	// ErrMissingTimestamp reports a validly signed token without a timestamp: a
	// [Signer] made it, not a [TimestampSigner].
	ErrMissingTimestamp = errors.New("itsdangerous: timestamp missing")

	// ErrExpired reports a validly signed token that is too old.
	ErrExpired = errors.New("itsdangerous: token expired")

	// ErrFuture reports a validly signed token whose timestamp is in the
	// future.
	ErrFuture = errors.New("itsdangerous: token from the future")

	// ErrPayload reports a payload whose base64 or zlib stream is damaged.
	ErrPayload = errors.New("itsdangerous: damaged payload")

	// ErrTooLarge reports a payload of more than [MaxPayload] bytes.
	ErrTooLarge = errors.New("itsdangerous: payload too large")
)
