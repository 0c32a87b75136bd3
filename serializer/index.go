package serializer

import (
	"slices"
	"strings"
	"sync"
	"unsafe" //rules:allow keys alias the record, see alias

	"github.com/gosessions/sessions/internal/pyjson"
)

// alias returns raw as a string without copying it. That is safe because the
// data that [Format.Unpack] is given never changes afterwards. So reading a
// session costs nothing for keys that are not used.
func alias(raw []byte) string { return unsafe.String(unsafe.SliceData(raw), len(raw)) }

// indexDict appends the members of the object that s is at to fields. It does
// not decode values, but accepts only those that Python can decode.
func indexDict(s *pyjson.Scanner, fields []Field, rules pyjson.Rules) ([]Field, error) {
	if !s.Open() {
		// It is not a session in either case, but the error says whether it is
		// well-formed.
		if _, ok := s.Value(); !ok || !s.End() {
			return fields, ErrCorrupt
		}
		return fields, ErrNotDict
	}
	ascending, previous := true, ""
	var member pyjson.Member
	for first := true; ; first = false {
		more, ok := s.Member(&member, first)
		if !ok {
			return fields, ErrCorrupt
		}
		if !more {
			break
		}
		if s.Odd() && !pyjson.Check(member.Value, rules) {
			return fields, ErrCorrupt
		}
		key := ""
		if member.Escaped {
			key = pyjson.Unquote(member.Key, true)
		} else {
			key = alias(member.Key)
		}
		ascending = ascending && (first || key > previous)
		previous = key
		fields = append(fields, Field{key, member.Value})
	}
	if !s.End() {
		return fields, ErrCorrupt
	}
	if !ascending {
		fields = collapse(fields)
	}
	return fields, nil
}

// quadratic is the number of fields up to which comparing each with each is
// faster than a map.
const quadratic = 16

// collapse removes repeated keys as Python does: the last value wins, in the
// place of the first.
func collapse(fields []Field) []Field {
	if len(fields) > quadratic {
		return collapseMany(fields)
	}
	kept := fields[:0]
	for _, field := range fields {
		if at := slices.IndexFunc(kept, func(f Field) bool { return f.Key == field.Key }); at >= 0 {
			kept[at].Value = field.Value
		} else {
			kept = append(kept, field)
		}
	}
	return kept
}

// places are reusable maps from key to position.
var places = sync.Pool{New: func() any { return map[string]int{} }}

func collapseMany(fields []Field) []Field {
	place := places.Get().(map[string]int)
	defer places.Put(place)
	defer clear(place) // before it is put back: its keys alias the record
	kept := fields[:0]
	for _, field := range fields {
		if at, ok := place[field.Key]; ok {
			kept[at].Value = field.Value
			continue
		}
		place[field.Key] = len(kept)
		kept = append(kept, field)
	}
	return kept
}

// sorted are reusable slices of fields.
var sorted = sync.Pool{New: func() any { return new([]Field) }}

// inOrder calls use with the fields sorted by key, in code point order. It
// sorts a copy, and only if they are not sorted already.
func inOrder(fields []Field, use func([]Field)) {
	if isInOrder(fields) {
		use(fields)
		return
	}
	buffer := sorted.Get().(*[]Field)
	*buffer = append((*buffer)[:0], fields...)
	slices.SortFunc(*buffer, byKey)
	use(*buffer)
	clear(*buffer)
	sorted.Put(buffer)
}

func isInOrder(fields []Field) bool {
	for i := 1; i < len(fields); i++ {
		if fields[i].Key < fields[i-1].Key {
			return false
		}
	}
	return true
}

func byKey(a, b Field) int { return strings.Compare(a.Key, b.Key) }
