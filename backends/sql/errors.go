package sql

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"reflect"

	"github.com/gosessions/sessions/backends"
)

// find returns what in finds first in err or the errors that it wraps.
func find(err error, in func(error) (int64, bool)) (int64, bool) {
	if err == nil {
		return 0, false
	}
	if n, ok := in(err); ok {
		return n, true
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return find(e.Unwrap(), in)
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if n, ok := find(err, in); ok {
				return n, true
			}
		}
	}
	return 0, false
}

// field returns the number in a field of the struct that err is or points at.
func field(err error, name string) (int64, bool) {
	s := reflect.Indirect(reflect.ValueOf(err))
	if s.Kind() != reflect.Struct {
		return 0, false
	}
	return integer(s.FieldByName(name))
}

// result returns the number that a method without arguments returns.
func result(method reflect.Value) (int64, bool) {
	if !method.IsValid() || method.Type().NumIn() != 0 || method.Type().NumOut() != 1 {
		return 0, false
	}
	return integer(method.Call(nil)[0])
}

func integer(v reflect.Value) (int64, bool) {
	switch {
	case !v.IsValid():
		return 0, false
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
	case v.Secret:
		err = fmt.Errorf("sql: %s: %s", b.dialect.Name, v.Remedy)
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
