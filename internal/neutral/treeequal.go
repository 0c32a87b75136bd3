package neutral

import "github.com/gosessions/sessions/internal/value"

// Equal reports whether a and b are the same value. It ignores the order of a
// dict's entries. An int never equals a float, and NaN equals NaN. Times are
// equal if both the instant and the offset are.
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

// equalDicts reports whether each entry of a has a different equal entry in b,
// which has the same length. A key may occur more than once, because in Python
// a NaN does not replace another NaN.
func equalDicts(a, b []value.Value) bool {
	taken := make([]bool, len(b))
	for i := 0; i+1 < len(a); i += 2 {
		j := i // usually the entry is at the same place
		if taken[j] || !equalEntries(a[i:], b[j:]) {
			for j = 0; j < len(b) && (taken[j] || !equalEntries(a[i:], b[j:])); {
				j += 2
			}
		}
		if j >= len(b) {
			return false
		}
		taken[j] = true
	}
	return true
}

func equalEntries(a, b []value.Value) bool {
	return Equal(&a[0], &b[0]) && Equal(&a[1], &b[1])
}
