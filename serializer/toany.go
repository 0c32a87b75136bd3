package serializer

import (
	"math/big"

	"github.com/google/uuid"

	"github.com/gosessions/sessions/internal/value"
)

// toAny returns the Go value that an untyped variable receives.
func toAny(v *value.Value) (any, error) {
	switch v.Kind {
	case value.Null:
		return nil, nil
	case value.Bool:
		return v.Num != 0, nil
	case value.Int:
		if n, ok := v.Int64(); ok {
			return n, nil
		}
		n, ok := new(big.Int).SetString(v.Text, 10)
		if !ok {
			return nil, ErrCorrupt
		}
		return n, nil
	case value.Float:
		return v.Float64(), nil
	case value.String:
		return v.Text, nil
	case value.Bytes:
		return []byte(v.Text), nil
	case value.Markup:
		return Markup(v.Text), nil
	case value.UUID:
		var id uuid.UUID
		copy(id[:], v.Text)
		return id, nil
	case value.Time:
		return v.Time, nil
	case value.Dict:
		return toMap(v)
	}
	items := make([]any, len(v.Items))
	for i := range v.Items {
		var err error
		if items[i], err = toAny(&v.Items[i]); err != nil {
			return nil, err
		}
	}
	if v.Kind == value.Tuple {
		return Tuple(items), nil
	}
	return items, nil
}

// toMap converts a dict. It refuses keys that are not text: as text they would
// be different keys when written again.
func toMap(v *value.Value) (any, error) {
	dict := make(map[string]any, v.Len())
	for i := 0; i+1 < len(v.Items); i += 2 {
		if v.Items[i].Kind != value.String {
			return nil, mismatch("a dict with keys that are not text does not fit map[string]any")
		}
		item, err := toAny(&v.Items[i+1])
		if err != nil {
			return nil, err
		}
		dict[v.Items[i].Text] = item
	}
	return dict, nil
}
