package itsdangerous

import "errors"

var (
	// ErrEmptyKey reports a key of no bytes, with which anyone could sign.
	ErrEmptyKey = errors.New("itsdangerous: empty key")

	// ErrOptions reports an unknown derivation or digest.
	ErrOptions = errors.New("itsdangerous: unknown derivation or digest")

	// ErrMalformed reports a token that has not the form of one: no separator
	// at all, or a timestamp, rightly signed, that is no number.
	ErrMalformed = errors.New("itsdangerous: malformed token")

	// ErrBadSignature reports a signature that no key of the ring has made.
	ErrBadSignature = errors.New("itsdangerous: signature does not match")

	// ErrMissingTimestamp reports a rightly signed token without a timestamp:
	// a [Signer] made it, not a [TimestampSigner].
	ErrMissingTimestamp = errors.New("itsdangerous: timestamp missing")

	// ErrExpired reports a rightly signed token that is too old.
	ErrExpired = errors.New("itsdangerous: token expired")

	// ErrFuture reports a rightly signed token from a time yet to come.
	ErrFuture = errors.New("itsdangerous: token from the future")

	// ErrPayload reports a payload whose base64 or zlib stream is damaged.
	ErrPayload = errors.New("itsdangerous: damaged payload")

	// ErrTooLarge reports a payload of more than [MaxPayload] bytes.
	ErrTooLarge = errors.New("itsdangerous: payload too large")
)
