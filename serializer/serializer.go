// Package serializer encodes session values, and whole records.
//
// A [Serializer] encodes one value: [JSON], [Flask] (the tagged JSON of Flask's
// sessions) or [MsgPack]. A [Format] defines the layout of a whole record whose
// values are already encoded: [Native] with any serializer, or the format of
// another framework, which determines the serializer too.
//
// # What comes back
//
// A value that a serializer of this package accepts comes back unchanged into a
// variable of the same type. Any other value is refused with an [ErrType] that
// says what is wrong and where, as in "field Cart.Items[3].Price: chan int
// cannot be stored"; the key of a map, which may be a secret, is printed as
// [key]. The exceptions are:
//
//   - Unexported fields, and fields with the tag json:"-", are not stored. A struct without any exported field is refused unless it is zero.
//   - Fields that the tags omitempty and omitzero leave out come back as the zero value.
//   - A pointer to a value that is stored as null, such as a nil slice, comes back as nil. A nil [encoding/json.RawMessage] comes back as the text null.
//   - A value in a variable of type any comes back as one of the types that [Serializer] lists: an int as int64, a struct as map[string]any.
//   - Times come back as the same instant, without a monotonic clock, and without
//     the name of their zone. [Flask] cuts them to seconds, Flask-Session's JSON
//     to microseconds; [MsgPack] and Flask store them in UTC.
//   - NaN comes back as some NaN, and a [math/big.Float] with 64 bits of
//     precision; a number that would change is refused.
//   - JSON that a type writes for itself comes back as equivalent JSON: numbers keep every digit, but spaces and escapes may be spelled differently, and Flask sorts the keys.
//
// Types with a method MarshalJSON or MarshalText need UnmarshalJSON or
// UnmarshalText too. Marshal tries them, and refuses a value that the type
// cannot read, or does not write again in the same way. Methods of a pointer
// count even if the value is not addressable. A type that has only
// MarshalBinary is encoded as if it had no method.
//
// [JSON] keeps every digit of the numbers that such types write. The
// serializers of records that Python reads refuse numbers that Python would
// round, such as 1e400 or numbers with more than 17 digits. MsgPack has only
// floats, and also refuses 1.10, which would come back as 1.1. To store such a
// number in every format, give an [encoding/json.Number] the tag
// json:",string", or let the type write text instead of a number.
//
// The package knows neither HTTP nor storage. Everything in it is safe for
// concurrent use.
package serializer

// A Serializer encodes one session value and decodes it again.
//
// Implementations are safe for concurrent use.
type Serializer interface {
	// Name identifies the encoding in stored records, so it must never change.
	// It has 1 to 32 lower-case ASCII letters, digits and hyphens.
	Name() string

	// Marshal encodes v. Equal values of one type give equal bytes. It does not
	// retain v. If Unmarshal could not restore v, it returns an error, which
	// contains no value and no key of a map.
	Marshal(v any) ([]byte, error)

	// Unmarshal decodes data into the value that v points to. It neither
	// changes nor retains data. A *any receives one of nil, bool, int64,
	// *[math/big.Int], float64, string, []byte, [time.Time],
	// [github.com/google/uuid.UUID], [Tuple], [Markup], []any and
	// map[string]any. A value that does not fit the target's type is an error.
	Unmarshal(data []byte, v any) error
}

// Tuple is a Python tuple, which Flask distinguishes from a list. Serializers
// without tuples write it as a list.
type Tuple []any

// Markup is text that Flask's templates treat as safe HTML (markupsafe.Markup).
// Serializers without markup write it as a string.
type Markup string
