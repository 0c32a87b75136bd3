package neutral

import "github.com/gosessions/sessions/internal/value"

// Equal reports whether a and b are the same value. The order of a dict's
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

// equalDicts reports whether every entry of a has an equal of its own in b, which
// is as long. Equal keys may come more than once: no NaN replaces another.
func equalDicts(a, b []value.Value) bool {
	taken := make([]bool, len(b))
	for i := 0; i+1 < len(a); i += 2 {
		j := i // where it is, as a rule
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
