// Package serializer turns session values into bytes, and whole records too.
//
// A [Serializer] encodes one value: [JSON], [Flask] (the tagged JSON of Flask's
// sessions) and [MsgPack]. A [Format] lays out a whole record whose values are
// already encoded: [Native] with any serializer, and the formats of other
// frameworks, which fix both.
//
// # What comes back
//
// A value that one of this package's serializers accepts comes back into a
// variable of the same type as it was. Anything else is refused with an [ErrType]
// that says what is wrong and where, as in "field Cart.Items[3].Price: chan int
// cannot be stored"; the key of a map, which may be a secret, is written [key].
// The exceptions:
//
//   - Fields that are not exported, or have the tag json:"-", are not stored. A
//     struct without any exported field is refused unless it is zero.
//   - What the tags omitempty and omitzero leave out comes back as the zero value.
//   - A pointer to what is stored as null comes back as nil: to a nil slice, say.
//     A nil [encoding/json.RawMessage] comes back as the text null.
//   - What is in a variable of type any comes back as one of the types that
//     [Serializer] lists: an int as int64, a struct as map[string]any.
//   - Times come back as the same instant, without a monotonic clock, and without
//     the name of their zone. [Flask] cuts them to seconds, Flask-Session's JSON
//     to microseconds; [MsgPack] and Flask store them in UTC.
//   - NaN comes back as some NaN, and a [math/big.Float] with 64 bits of
//     precision; one that would be another number is refused.
//   - JSON that a type writes of itself comes back as the same JSON: its numbers
//     digit by digit, but spaces and escapes in another spelling, and with
//     Flask's order of keys.
//
// Types with methods MarshalJSON or MarshalText need UnmarshalJSON or
// UnmarshalText too, and Marshal tries them: what the type cannot read, or does
// not write again as before, is refused. Methods of a pointer count wherever the
// value is. A type that has only MarshalBinary is encoded as if it had no method.
//
// Numbers that such types write are kept digit by digit by [JSON]. Where Python
// reads the same record, those are refused that Python would round, 1e400 and
// numbers with more than 17 digits; MsgPack has only floats, and refuses also
// 1.10, which would come back as 1.1. The tag json:",string" stores an
// [encoding/json.Number] as text, which every format holds; other types can write text
// instead of a number.
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
	// not keep v. It fails for what Unmarshal would not give back rather than
	// storing something else; the error names no value and no key of a map.
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
