package serializer

import (
	"github.com/gosessions/sessions/internal/msgpack"
	"github.com/gosessions/sessions/internal/value"
)

// DecodeScalar is s.Unmarshal for the most common values: it decodes data into a
// *bool, *int, *int64, *float64 or *string, if s is a serializer of this package.
// It reports whether it did. If not, Unmarshal decodes the value or says what is
// wrong. Unlike that, it lets target point to a variable on the caller's stack.
func DecodeScalar(s Serializer, data []byte, target any) bool {
	switch target.(type) {
	case *bool, *int, *int64, *float64, *string:
	default:
		return false
	}
	c, ok := s.(codec)
	if !ok {
		return false
	}
	tree, err := c.decode(data)
	return err == nil && toScalar(&tree, target)
}

// AppendScalar is s.Marshal for the most common values: it appends what Marshal
// returns for a bool, int, int64, float64 or string to dst, if s is a serializer of
// this package. It reports whether it did, and does not for text that may not fit
// dst. If not, Marshal encodes v or says what is wrong. Unlike that, it lets dst be on
// the caller's stack.
func AppendScalar(s Serializer, dst []byte, v any) ([]byte, bool) {
	tree, ok := fromScalar(v)
	const number, quotes = 24, 2
	if !ok || cap(dst)-len(dst) < max(number, len(tree.Text)+quotes) {
		return dst, false
	}
	var err error
	switch s := s.(type) { // no call through an interface: dst could not be on the stack
	case *textSerializer:
		dst, err = s.strict().AppendScalar(dst, &tree)
	case msgpackSerializer:
		dst, err = msgpack.Append(dst, &tree)
	default:
		return dst, false
	}
	return dst, err == nil
}

// fromScalar returns the value of v if its type is one that needs neither
// reflection nor a copy.
func fromScalar(v any) (value.Value, bool) {
	switch v := v.(type) {
	case bool:
		return value.OfBool(v), true
	case string:
		return value.OfString(v), true
	case int:
		return value.OfInt(int64(v)), true
	case int64:
		return value.OfInt(v), true
	case float64:
		return value.OfFloat(v), true
	}
	return value.Value{}, false
}

// toScalar stores v in the variable that p points to, if v fits it and its type
// needs no reflection. It reports whether it did.
func toScalar(v *value.Value, p any) bool {
	switch p := p.(type) {
	case *string:
		if p != nil && (v.Kind == value.String || v.Kind == value.Markup) {
			*p = v.Text
			return true
		}
	case *int64:
		if n, ok := v.Int64(); p != nil && ok && v.Kind == value.Int {
			*p = n
			return true
		}
	case *int:
		if n, ok := v.Int64(); p != nil && ok && v.Kind == value.Int && int64(int(n)) == n {
			*p = int(n)
			return true
		}
	case *bool:
		if p != nil && v.Kind == value.Bool {
			*p = v.Num != 0
			return true
		}
	case *float64:
		if p != nil && v.Kind == value.Float {
			*p = v.Float64()
			return true
		}
	}
	return false
}
