package neutral

import "github.com/gosessions/sessions/internal/value"

// Equal tells whether a and b are the same value. The order of a dict's
// entries does not count; int and float differ; NaN equals NaN; times are equal
// if instant and offset are.
func Equal(a, b *value.Value) bool {
	if a.Kind != b.Kind || len(a.Items) != len(b.Items) {
		return false
	}
	switch a.Kind {
	case value.Float:
		x, y := a.Float64(), b.Float64()
		return a.Num == b.Num || x != x && y != y
	case value.Time:
		_, p := a.Time.Zone()
		_, q := b.Time.Zone()
		return a.Naive == b.Naive && p == q && a.Time.Equal(b.Time)
	case value.List, value.Tuple:
		for i := range a.Items {
			if !Equal(&a.Items[i], &b.Items[i]) {
				return false
			}
		}
		return true
	case value.Dict:
		return equalDicts(a.Items, b.Items)
	}
	return a.Num == b.Num && a.Text == b.Text
}

func equalDicts(a, b []value.Value) bool {
	for i := 0; i+1 < len(a); i += 2 {
		found := false
		for j := 0; j+1 < len(b); j += 2 {
			if Equal(&a[i], &b[j]) {
				found = Equal(&a[i+1], &b[j+1])
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}
