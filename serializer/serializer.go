// Package serializer turns session values into bytes, and whole records too.
//
// A [Serializer] encodes one value: [JSON], [Flask] (the tagged JSON of Flask's
// sessions) and [MsgPack]. A [Format] lays out a whole record whose values are
// already encoded: [Native] with any serializer, and the formats of other
// frameworks, which fix both.
//
// The package knows neither HTTP nor storage. Everything in it is safe for
// concurrent use.
package serializer

// A Serializer encodes one session value and decodes it again.
//
// Implementations are safe for concurrent use.
type Serializer interface {
	// Name identifies the encoding inside stored records, so it never changes:
	// 1 to 32 characters of lower-case ASCII letters, digits and hyphens.
	Name() string

	// Marshal encodes v. Equal values of one type give equal bytes. It does
	// not keep v, and fails for what the encoding cannot hold rather than
	// storing something else.
	Marshal(v any) ([]byte, error)

	// Unmarshal decodes data into the value that v points to; data is not
	// changed and not kept. A *any receives one of nil, bool, int64,
	// *[math/big.Int], float64, string, []byte, [time.Time],
	// [github.com/google/uuid.UUID], [Tuple], [Markup], []any and
	// map[string]any. A value that does not fit the target's type is an error.
	Unmarshal(data []byte, v any) error
}

// Tuple is a Python tuple: a list that Flask keeps apart from ordinary lists.
// Serializers without tuples write it as a list.
type Tuple []any

// Markup is text that Flask's templates take for safe HTML
// (markupsafe.Markup). Serializers without markup write it as a string.
type Markup string
