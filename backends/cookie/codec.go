package cookie

import "time"

// A Codec seals a record into a token that a client can carry, and opens it
// again. It signs or encrypts, and limits the token's age. The
// [serializer.Format] defines the layout of the record itself.
//
// Implementations are safe for concurrent use.
type Codec interface {
	// Name identifies the codec in reports and counters.
	Name() string

	// Seal makes a token of data. The token holds only characters that a
	// cookie and an Authorization header can carry.
	Seal(data []byte, terms Terms) (string, error)

	// Open verifies token and returns the data inside and how long the token
	// stays valid, or 0 if it never expires. It checks authenticity before it
	// parses anything else. Every error is a refusal of the token, which
	// [Reason] names in one word, unless the codec itself is misconfigured. No
	// error contains any part of the token.
	Open(token string, terms Terms) (data []byte, left time.Duration, err error)
}

// A TaggedCodec is a [Codec] whose tokens have room for a few bytes beside the
// record. [Revocable] keeps there what tells sessions apart.
type TaggedCodec interface {
	Codec

	// SealTagged is like Seal, and puts tag into the token, which may have up to
	// 255 bytes. Without any there is no tag.
	SealTagged(tag, data []byte, terms Terms) (string, error)

	// OpenTagged is like Open, and returns the tag: nil if the token has none.
	OpenTagged(token string, terms Terms) (tag, data []byte, left time.Duration, err error)
}

// Terms are the conditions under which a token is sealed or opened.
type Terms struct {
	Now    time.Time
	Cookie string // name of the cookie: part of what Encrypted authenticates

	// TTL is how long a sealed token lives, for codecs that store an expiry.
	TTL time.Duration

	// MaxAge is how old a token may be when it is opened, for codecs that store
	// only the time of signing. If it is negative there is no limit.
	MaxAge time.Duration

	// Skew is the clock difference to tolerate between machines. Tokens are
	// backdated by this much and accepted up to this far in the future.
	Skew time.Duration
}
