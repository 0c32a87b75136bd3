// Package neutral represents session values in JSON, in a form that
// distinguishes every type of Python and Go: {"t": type, "v": value}. The test
// vectors are written in it, the Python peers exchange it, and the sessions
// command prints it.
//
//	t          v
//	null       (none)
//	bool       true, false
//	int        decimal text of any size
//	float      Python's repr, and "bits": the IEEE 754 double in hex, which counts
//	str        the text; with lone surrogates instead "u16": UTF-16-BE in hex
//	bytes      standard base64
//	list tuple list of values
//	dict       list of [key, value]; a text key is JSON text, any other a value
//	markup     the text
//	uuid       with dashes
//	datetime   ISO 8601, with the offset if it has one
package neutral

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/gosessions/sessions/internal/value"
	"github.com/gosessions/sessions/serializer"
)

// A Form is a session value in neutral form, as JSON. [Of] and [Form.Go]
// convert Go values to it and back. [Append] and [Parse] do the same for
// [value.Value], which can hold every value of Python.
type Form json.RawMessage

// MarshalJSON returns the form unchanged.
func (f Form) MarshalJSON() ([]byte, error) { return json.RawMessage(f).MarshalJSON() }

// UnmarshalJSON stores data unchanged.
func (f *Form) UnmarshalJSON(data []byte) error {
	return (*json.RawMessage)(f).UnmarshalJSON(data)
}

func (f Form) String() string { return string(f) }

// Equal reports whether two forms represent the same value, in the sense of
// [Equal]. A malformed form is not equal to any other.
func (f Form) Equal(other Form) bool {
	a, err1 := Parse(f)
	b, err2 := Parse(other)
	return err1 == nil && err2 == nil && Equal(&a, &b)
}

// Of returns the neutral form of a Go value. It supports the types that an
// untyped Get returns, and int.
func Of(v any) (Form, error) {
	tree, err := fromGo(v)
	if err != nil {
		return nil, err
	}
	return Append(nil, &tree), nil
}

func fromGo(v any) (value.Value, error) {
	switch x := v.(type) {
	case nil:
		return value.Value{}, nil
	case bool:
		return value.OfBool(x), nil
	case int:
		return value.OfInt(int64(x)), nil
	case int64:
		return value.OfInt(x), nil
	case *big.Int:
		return value.OfDecimal(x.String()), nil
	case float64:
		return value.OfFloat(x), nil
	case string:
		return textValue(value.String, x)
	case serializer.Markup:
		return textValue(value.Markup, string(x))
	case []byte:
		return value.Value{Kind: value.Bytes, Text: string(x)}, nil
	case uuid.UUID:
		return value.Value{Kind: value.UUID, Text: string(x[:])}, nil
	case time.Time:
		return value.Value{Kind: value.Time, Time: x}, nil
	case []any:
		return fromItems(value.List, x)
	case serializer.Tuple:
		return fromItems(value.Tuple, x)
	case map[string]any:
		return fromDict(x)
	}
	return value.Value{}, fmt.Errorf("neutral: no form for %T", v)
}

func textValue(kind value.Kind, text string) (value.Value, error) {
	if !utf8.ValidString(text) {
		return value.Value{}, fmt.Errorf("neutral: text is not valid UTF-8")
	}
	return value.Value{Kind: kind, Text: text}, nil
}

func fromItems(kind value.Kind, list []any) (value.Value, error) {
	out := value.Value{Kind: kind}
	for _, v := range list {
		item, err := fromGo(v)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

// fromDict sorts the keys, so that equal dicts have the same form.
func fromDict(dict map[string]any) (value.Value, error) {
	keys := make([]string, 0, len(dict))
	for k := range dict {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, strings.Compare)
	out := value.Value{Kind: value.Dict}
	for _, k := range keys {
		key, err := textValue(value.String, k)
		if err != nil {
			return out, err
		}
		item, err := fromGo(dict[k])
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, key, item)
	}
	return out, nil
}

// Go returns the Go value of a form, of the type that an untyped Get returns. A
// time without an offset is read as UTC. It returns an error for values that Go
// cannot hold: lone surrogates and keys that are not text.
func (f Form) Go() (any, error) {
	tree, err := Parse(f)
	if err != nil {
		return nil, err
	}
	return toGo(&tree)
}

func toGo(v *value.Value) (any, error) {
	switch v.Kind {
	case value.Bool:
		return v.Num != 0, nil
	case value.Int:
		if n, ok := v.Int64(); ok {
			return n, nil
		}
		n, ok := new(big.Int).SetString(v.Decimal(), 10)
		if !ok {
			return nil, ErrForm
		}
		return n, nil
	case value.Float:
		return v.Float64(), nil
	case value.String, value.Markup:
		if !utf8.ValidString(v.Text) {
			return nil, fmt.Errorf("neutral: text contains a lone surrogate")
		}
		if v.Kind == value.Markup {
			return serializer.Markup(v.Text), nil
		}
		return v.Text, nil
	case value.Bytes:
		return []byte(v.Text), nil
	case value.UUID:
		return uuid.FromBytes([]byte(v.Text))
	case value.Time:
		return v.Time, nil
	case value.List, value.Tuple:
		list := []any{}
		for i := range v.Items {
			item, err := toGo(&v.Items[i])
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		if v.Kind == value.Tuple {
			return serializer.Tuple(list), nil
		}
		return list, nil
	case value.Dict:
		dict := map[string]any{}
		for i := 0; i+1 < len(v.Items); i += 2 {
			key := &v.Items[i]
			if key.Kind != value.String || !utf8.ValidString(key.Text) {
				return nil, fmt.Errorf("neutral: key is not text")
			}
			item, err := toGo(&v.Items[i+1])
			if err != nil {
				return nil, err
			}
			dict[key.Text] = item
		}
		return dict, nil
	}
	return nil, nil // value.Null
}
