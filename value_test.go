package sessions_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

type item struct {
	Name  string
	Price any
}

type order struct{ Items []item }

// name is text, and something that knows its name.
type name string

func (n name) String() string { return string(n) }

// A Key names itself and the field when a value does not fit, and no value.
func TestKeyErrorsNameTheKeyAndTheField(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	in(newClient(t, nil), mw, func(r *http.Request, s *sessions.Session) {
		check(t, s.Set("cart", "5ecret"))
		_, getErr := sessions.Key[int]("cart").Get(s)
		_, takeErr := sessions.Key[int]("cart").Take(s)
		_, _, lookupErr := sessions.Key[order]("cart").Lookup(s)
		check(t, sessions.Key[map[string]any]("order").Set(s, map[string]any{"Items": []any{map[string]any{"Name": 5}}}))
		_, fieldErr := sessions.Key[order]("order").Get(s)
		setErr := sessions.Key[order]("order").Set(s, order{[]item{{"5ecret", 1}, {"5ecret", make(chan int)}}})
		anyErr := sessions.Key[any]("any").Set(s, map[string]any{"5ecret": make(chan int)})
		interfaceErr := sessions.Key[interface{ String() string }]("name").Set(s, name("5ecret"))
		for _, test := range []struct {
			err  error
			want string
		}{
			{getErr, `sessions: key "cart": serializer: type mismatch: text does not fit int`},
			{takeErr, `sessions: key "cart": serializer: type mismatch: text does not fit int`},
			{lookupErr, `sessions: key "cart": serializer: type mismatch: text does not fit sessions_test.order`},
			{fieldErr, `sessions: key "order": serializer: type mismatch: field order.Items[0].Name: an integer does not fit string`},
			{setErr, `sessions: key "order": serializer: type mismatch: field order.Items[1].Price: chan int cannot be stored`},
			{anyErr, `sessions: key "any": serializer: type mismatch: element [key]: chan int cannot be stored`},
		} {
			if test.err == nil || test.err.Error() != test.want || !errors.Is(test.err, serializer.ErrType) {
				t.Errorf("got %v, want %s", test.err, test.want)
			}
		}
		if interfaceErr == nil || strings.Contains(interfaceErr.Error(), "5ecret") {
			t.Errorf("an interface that cannot be read: got %v, want an error", interfaceErr)
		}
	})
}

// An application's own value where Flask keeps flash messages is neither
// destroyed nor in the way of pages, and who flashes learns what to do.
func TestAForeignValueUnderTheKeyOfFlashes(t *testing.T) {
	formats := []serializer.Format{
		serializer.Native(serializer.JSON), serializer.Native(serializer.Flask), serializer.Native(serializer.MsgPack),
	}
	for _, format := range formats {
		for _, value := range []any{5, "text", map[string]any{"a": int64(1)}, true} {
			mw := newMiddleware(t, memory.New(nil), &sessions.Config{Format: format})
			c := newClient(t, nil)
			in(c, mw, func(r *http.Request, s *sessions.Session) { check(t, s.Set("_flashes", value)) })
			in(c, mw, func(r *http.Request, s *sessions.Session) {
				if shown, err := s.Flashes(); shown != nil || err != nil {
					t.Errorf("%s: %T: Flashes: got %v, %v, want none", format.Name(), value, shown, err)
				}
				if err := s.Flash("", "hello"); err == nil || !strings.Contains(err.Error(), "store it under another key") {
					t.Errorf("%s: %T: Flash: got %v, want the remedy", format.Name(), value, err)
				}
				if !s.Has("_flashes") {
					t.Errorf("%s: %T: the value is gone", format.Name(), value)
				}
			})
			// The remedy helps.
			in(c, mw, func(r *http.Request, s *sessions.Session) {
				check(t, s.Delete("_flashes"))
				check(t, s.Flash("", "hello"))
			})
			in(c, mw, func(r *http.Request, s *sessions.Session) {
				if shown, err := s.Flashes(); len(shown) != 1 || err != nil {
					t.Errorf("%s: %T: Flashes: got %v, %v, want one", format.Name(), value, shown, err)
				}
			})
		}
	}
}
