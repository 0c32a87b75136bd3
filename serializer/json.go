package serializer

import (
	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

// JSON encodes values as encoding/json does, except for these differences,
// which make a value come back exactly as it was stored:
//
//   - Integers and floats are kept apart: 1.0 is written as "1.0", and does
//     not fit an int. An int does fit a float64.
//   - Integers are exact whatever their size. Floats may be NaN or infinite,
//     in Python's spelling.
//   - Methods of a pointer encode a value even if it is not addressable, and an empty [encoding/json.Number] is null.
//   - Nothing is escaped for HTML.
//   - Names of struct fields must match exactly when decoding.
//   - Text that is not valid UTF-8 is an error. Half of a surrogate pair, which a string in Python can hold, comes back as the three bytes that UTF-8 would use for it; only encodings in ASCII can write it again.
//   - null fits only types that can be nil, except inside structs and lists, where it leaves a field at its zero value.
//
// Bytes, times and UUIDs are written as text, so they come back only into
// variables of their type; a *any receives the text.
var JSON Serializer = plainJSON

var plainJSON = &textSerializer{
	name:    "json",
	dialect: pyjson.Dialect{Plain: true},
	rules:   pyjson.Rules{Exact: true},
	into:    target{bytesAsText: true},
}

// Flask encodes values as Flask's sessions do: as JSON in ASCII with sorted
// keys, and tags for tuples, bytes, markup, UUIDs and datetimes, which come
// back as [Tuple], []byte, [Markup], [github.com/google/uuid.UUID] and
// [time.Time] even into a *any. Times are truncated to whole seconds and come
// back in UTC, or in the zone that a hand-made cookie names. The zero time is
// written as None, which reads as the zero time; other times before the year
// 100 are refused, since Python reads such years as 1969 to 2068. Structs and
// maps are dicts, whose values are tagged as well. In all other respects it is
// like [JSON].
var Flask Serializer = flask

var flask = &textSerializer{
	name:    "flask",
	dialect: pyjson.Dialect{ASCII: true, Sorted: true, Tagged: true, Strict: true},
	rules:   pyjson.Rules{Tags: true, Exact: true},
	into:    target{zeroTime: true},
	keeps:   pythonNumbers,
}

// textSerializer encodes values as some dialect of JSON.
type textSerializer struct {
	name    string
	dialect pyjson.Dialect
	rules   pyjson.Rules
	into    target
	keeps   numbers
}

func (s *textSerializer) Name() string { return s.name }

func (s *textSerializer) Marshal(v any) ([]byte, error) {
	tree, err := fromGo(v, s)
	if err != nil {
		return nil, err
	}
	data, err := s.write(&tree)
	if err != nil {
		return nil, where(v, s)
	}
	return data, nil
}

func (s *textSerializer) Unmarshal(data []byte, v any) error {
	tree, err := s.decode(data)
	if err != nil {
		return ErrCorrupt
	}
	return s.into.toGo(&tree, v)
}

// write is like encode, for values that come from Go. It refuses those that
// would come back as something else.
func (s *textSerializer) write(tree *value.Value) ([]byte, error) {
	return s.strict().Append(room(tree), tree)
}

// strict is the dialect of values that come from Go.
func (s *textSerializer) strict() pyjson.Dialect {
	strict := s.dialect
	strict.Strict = true
	return strict
}

func (s *textSerializer) encode(tree *value.Value) ([]byte, error) {
	return s.dialect.Append(room(tree), tree)
}

// room returns a buffer that is large enough for scalars, and for text without
// escapes.
func room(tree *value.Value) []byte { return make([]byte, 0, len(tree.Text)+24) }

func (s *textSerializer) decode(data []byte) (value.Value, error) {
	return pyjson.Decode(data, s.rules)
}
func (s *textSerializer) target() target   { return s.into }
func (s *textSerializer) numbers() numbers { return s.keeps }
