package value

import (
	"math"
	"math/big"
	"slices"
	"sort"
	"time"
)

// quadratic is the number of entries up to which comparing each with each is
// faster than a map.
const quadratic = 16

// Collapse removes repeated keys from items, the keys and values of a Dict, as
// Python does: the last value wins, in the place of the first. Keys that are
// equal in Python but not of one kind, such as 1 and 1.0, are left alone.
func Collapse(items []Value) []Value {
	if len(items) <= 2 || ascending(items) {
		return items
	}
	if len(items)/2 > quadratic {
		return collapseMany(items)
	}
	kept := items[:0]
	for i := 0; i+1 < len(items); i += 2 {
		at, key := 0, identify(&items[i])
		for at < len(kept) && identify(&kept[at]) != key {
			at += 2
		}
		if at < len(kept) {
			kept[at+1] = items[i+1]
		} else {
			kept = append(kept, items[i], items[i+1])
		}
	}
	return kept
}

func collapseMany(items []Value) []Value {
	places := make(map[identity]int, len(items)/2)
	kept := items[:0]
	for i := 0; i+1 < len(items); i += 2 {
		key := identify(&items[i])
		if at, ok := places[key]; ok {
			kept[at+1] = items[i+1]
			continue
		}
		places[key] = len(kept)
		kept = append(kept, items[i], items[i+1])
	}
	return kept
}

// identity is what makes two keys the same.
type identity struct {
	kind Kind
	num  uint64
	text string
	time time.Time
}

func identify(key *Value) identity {
	return identity{key.Kind, key.Num, key.Text, key.Time}
}

// ascending reports whether all keys are text in strictly ascending order.
func ascending(items []Value) bool {
	for i := 0; i+1 < len(items); i += 2 {
		if items[i].Kind != String || i > 0 && items[i-2].Text >= items[i].Text {
			return false
		}
	}
	return true
}

// Sorted returns items, the keys and values of a Dict, as Python sorts them by
// key: text by code point, numbers and truth values by size. It returns false
// where Python cannot compare the keys. It does not change items.
func Sorted(items []Value) (sorted []Value, ok bool) {
	if len(items) <= 2 || ascending(items) {
		return items, true
	}
	texts := 0
	for i := 0; i < len(items); i += 2 {
		switch items[i].Kind {
		case String, Markup:
			texts++
		case Bool, Int, Float:
		default:
			return nil, false
		}
	}
	sorted = slices.Clone(items)
	switch texts {
	case len(items) / 2:
		sort.Stable(entries{sorted, func(a, b *Value) bool { return a.Text < b.Text }})
	case 0:
		sort.Stable(entries{sorted, func(a, b *Value) bool { return a.number().Cmp(b.number()) < 0 }})
	default:
		return nil, false
	}
	return sorted, true
}

// entries sorts keys together with their values. The bytes of UTF-8 sort as
// the code points do, also with surrogates.
type entries struct {
	items []Value
	less  func(a, b *Value) bool
}

func (e entries) Len() int           { return len(e.items) / 2 }
func (e entries) Less(i, j int) bool { return e.less(&e.items[2*i], &e.items[2*j]) }
func (e entries) Swap(i, j int) {
	e.items[2*i], e.items[2*j] = e.items[2*j], e.items[2*i]
	e.items[2*i+1], e.items[2*j+1] = e.items[2*j+1], e.items[2*i+1]
}

// number returns a key that is a number, exactly, but for NaN, which no order
// has a place for.
func (v *Value) number() *big.Float {
	if v.Kind == Float {
		if f := v.Float64(); !math.IsNaN(f) {
			return big.NewFloat(f)
		}
		return new(big.Float)
	}
	n, ok := new(big.Int).SetString(v.Decimal(), 10)
	if !ok {
		return new(big.Float)
	}
	return new(big.Float).SetInt(n)
}
