package cookie

import "time"

// A Codec seals a record into a token that a client can carry, and opens it
// again: it signs, or encrypts, and limits the token's age. What stands inside
// the record is the business of the [serializer.Format].
//
// Implementations are safe for concurrent use.
type Codec interface {
	// Name identifies the codec in reports and counters.
	Name() string

	// Seal makes a token of data. The token holds only characters that a
	// cookie and an Authorization header can carry.
	Seal(data []byte, terms Terms) (string, error)

	// Open verifies token and returns the data inside and how long the token
	// stays valid, 0 where that is unlimited. Authenticity is checked before
	// anything else is looked at. Every error is a refusal of the token, which
	// [Reason] names in one word, unless the codec itself is misconfigured;
	// none contains any part of the token.
	Open(token string, terms Terms) (data []byte, left time.Duration, err error)
}

// Terms are the conditions under which a token is sealed or opened.
type Terms struct {
	Now    time.Time
	Cookie string // name of the cookie: part of what Encrypted authenticates

	// TTL is how long a sealed token is to live, for codecs that store it.
	TTL time.Duration

	// MaxAge is how old a token may be when opened, for codecs that store
	// only the time of signing. Less than zero: no limit.
	MaxAge time.Duration

	// Skew is by how much another machine's clock may differ: tokens are
	// signed that much earlier and accepted that much in the future.
	Skew time.Duration
}
