package serializer

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// fault is an [ErrType] with a reason and the path to the part of the value
// that caused it. It names types, fields and indexes, but never values or the
// keys of maps.
type fault struct {
	root   string   // the type at the top; "" if it has no name
	path   []string // innermost first
	reason string
}

// maxPath is how many steps of a path are printed. A value that contains itself
// has hundreds.
const maxPath = 12

func (f *fault) Error() string {
	if len(f.path) == 0 {
		return ErrType.Error() + ": " + f.reason
	}
	var b strings.Builder
	path := f.path
	first := path[len(path)-1]
	b.WriteString(ErrType.Error())
	if slices.ContainsFunc(path, func(step string) bool { return step[0] == '.' }) {
		b.WriteString(": field ")
	} else {
		b.WriteString(": element ")
	}
	if f.root == "" {
		first = strings.TrimPrefix(first, ".")
	}
	b.WriteString(f.root + first)
	for i := len(path) - 2; i >= 0 && i >= len(path)-maxPath; i-- {
		b.WriteString(path[i])
	}
	if len(path) > maxPath {
		b.WriteString("…")
	}
	return b.String() + ": " + f.reason
}

func (f *fault) Unwrap() error { return ErrType }

// mismatch returns an [ErrType] with a reason, which names types and never
// values.
func mismatch(format string, args ...any) error {
	return &fault{reason: fmt.Sprintf(format, args...)}
}

// The steps of a path.
const stepKey = "[key]"

func stepIndex(i int) string { return "[" + strconv.Itoa(i) + "]" }

// in adds to err, which a part of a value caused, the step that leads to that
// part.
func in(step string, err error) error {
	if f, ok := err.(*fault); ok { // this package never wraps a fault
		f.path = append(f.path, step)
	}
	return err
}

// under adds to err the name of the type at the top.
func under(t reflect.Type, err error) error {
	f, ok := err.(*fault)
	for ok && t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if ok && t != nil {
		f.root = t.Name()
	}
	return err
}
