package sql

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"reflect"

	"github.com/gosessions/sessions/backends"
)

// number returns the number in err or an error that it wraps: the result of a
// method without arguments, or a field, with one of the names. The types are
// those of drivers, which this package does not import.
func number(err error, names ...string) (n int64, ok bool) {
	for ; err != nil; err = errors.Unwrap(err) {
		v := reflect.ValueOf(err)
		for _, name := range names {
			if m := v.MethodByName(name); m.IsValid() && m.Type().NumIn() == 0 && m.Type().NumOut() == 1 {
				if n, ok := integer(m.Call(nil)[0]); ok {
					return n, true
				}
			}
			s := reflect.Indirect(v)
			if s.Kind() != reflect.Struct {
				continue
			}
			if f := s.FieldByName(name); f.IsValid() {
				if n, ok := integer(f); ok && n != 0 {
					return n, true
				}
			}
		}
	}
	return 0, false
}

func integer(v reflect.Value) (int64, bool) {
	switch {
	case v.CanInt():
		return v.Int(), true
	case v.CanUint():
		return int64(v.Uint()), true
	}
	return 0, false
}

// judge says what err means. On a bad connection nothing was sent, and neither was
// where none came about.
func (b *Backend) judge(err error) Verdict {
	if errors.Is(err, driver.ErrBadConn) {
		return Verdict{Undone: true}
	}
	v := b.dialect.Judge(err)
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" || errors.Is(err, backends.ErrNotApplied) {
		v.Undone = true
	}
	return v
}

// explain says what to do about err, and marks it if the statement is one that
// is sent once and certainly changed nothing.
func (b *Backend) explain(err error, v Verdict, again repeat) error {
	switch {
	case v.TooLarge && v.Remedy != "":
		err = fmt.Errorf("%w: sql: %s: %s: %w", backends.ErrTooLarge, b.dialect.Name, v.Remedy, err)
	case v.TooLarge:
		err = fmt.Errorf("%w: sql: %s: %w", backends.ErrTooLarge, b.dialect.Name, err)
	case v.Remedy != "":
		err = fmt.Errorf("sql: %s: %s: %w", b.dialect.Name, v.Remedy, err)
	}
	if again == once && v.Undone {
		return backends.NotApplied(err)
	}
	return err
}
