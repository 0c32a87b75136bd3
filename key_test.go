package sessions_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

// TestKeyLookup: Lookup distinguishes a zero value that was stored from no value, in
// the request that stores it and in later ones.
func TestKeyLookup(t *testing.T) {
	const number sessions.Key[int] = "number"
	const text sessions.Key[string] = "number"
	mw := newMiddleware(t, memory.New(nil), nil)
	c := newClient(t, nil)
	look := func(when string, s *sessions.Session, wantValue int, wantFound bool) {
		t.Helper()
		if value, found, err := number.Lookup(s); value != wantValue || found != wantFound || err != nil {
			t.Errorf("%s: got %d, %t, %v, want %d, %t", when, value, found, err, wantValue, wantFound)
		}
	}
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		look("a new session", s, 0, false)
		check(t, number.Set(s, 0))
		look("zero", s, 0, true)
	})
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		look("zero, stored", s, 0, true)
		if value, found, err := text.Lookup(s); value != "" || !found || err == nil {
			t.Errorf("another type: got %q, %t, %v, want that it is there, and an error", value, found, err)
		}
		check(t, number.Set(s, 7))
		look("set", s, 7, true)
		check(t, number.Delete(s))
		look("deleted", s, 0, false)
		check(t, number.Set(s, 8))
	})
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		look("stored", s, 8, true)
		if value, err := number.Take(s); value != 8 || err != nil {
			t.Errorf("Take: got %d, %v, want 8", value, err)
		}
		look("taken", s, 0, false)
	})
}

// TestRES6_TakeDuringSave: a value is taken while the session is being saved, and the
// save finds that another request has replaced it. It must not count as taken.
func TestRES6_TakeDuringSave(t *testing.T) {
	b := hook(memory.New(nil))
	mw := newMiddleware(t, b.Backend, nil)
	var c *client
	c = start(t, mw, routes{
		"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			b.once(backends.OpSwap, func() {
				c.handler.ServeHTTP(httptest.NewRecorder(), c.request("/other"))
				name, err := user.Take(s)
				check(t, err)
				if name != "ada" {
					t.Errorf("Take: got %q", name)
				}
			})
			check(t, s.Set("before", 1))
			check(t, s.Save(r.Context()))
		},
	})
	if response := c.get("/"); response.StatusCode != http.StatusConflict {
		t.Errorf("status: got %d, want 409", response.StatusCode)
	}
	if got := body(c.get("/who")); got != "bob" {
		t.Errorf("stored: got %q, want bob", got)
	}
}

// TestRES6_TakeGivesAValueOnce: of twenty concurrent requests that take a value, such
// as OAuth's state, one succeeds, and the commits of the others fail.
func TestRES6_TakeGivesAValueOnce(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		if !slices.Contains(backends.Abilities(b), backends.CanSwap) {
			return // it does not promise this, as the documentation says
		}
		mw := newMiddleware(t, b, nil)
		const state sessions.Key[string] = "state"
		c := start(t, mw, routes{
			"/give": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, state.Set(s, "x")) },
			"/take": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				v, err := state.Take(s)
				check(t, err)
				fmt.Fprint(w, v)
			},
		})
		c.get("/give")
		var got atomic.Int32
		together(20, func(int) {
			w := httptest.NewRecorder()
			c.handler.ServeHTTP(w, c.request("/take"))
			switch {
			case w.Code == 200 && w.Body.String() == "x":
				got.Add(1)
			case w.Code != http.StatusConflict && (w.Code != 200 || w.Body.Len() > 0):
				t.Errorf("status %d, %q", w.Code, w.Body)
			}
		})
		if got.Load() != 1 {
			t.Errorf("%d requests got the value", got.Load())
		}
	})
}

type item struct {
	Name  string
	Price any
}

type order struct{ Items []item }

// name is a string type with a method.
type name string

func (n name) String() string { return string(n) }

// TestKeyErrorsNameTheKeyAndTheField: if a value does not fit, the error of a Key
// names the key and the field, and contains no value.
func TestKeyErrorsNameTheKeyAndTheField(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	in(newClient(t, nil), mw, func(r *http.Request, s *sessions.Session) {
		check(t, s.Set("cart", "5ecret"))
		_, getErr := sessions.Key[int]("cart").Get(s)
		_, takeErr := sessions.Key[int]("cart").Take(s)
		_, updateErr := sessions.Key[int]("cart").Update(s, func(n int) (int, error) { return n + 1, nil })
		_, _, lookupErr := sessions.Key[order]("cart").Lookup(s)
		check(t, sessions.Key[map[string]any]("order").Set(s, map[string]any{"Items": []any{map[string]any{"Name": 5}}}))
		_, fieldErr := sessions.Key[order]("order").Get(s)
		setErr := sessions.Key[order]("order").Set(s, order{[]item{{"5ecret", 1}, {"5ecret", make(chan int)}}})
		_, updatedErr := sessions.Key[any]("new").Update(s, func(any) (any, error) { return make(chan int), nil })
		anyErr := sessions.Key[any]("any").Set(s, map[string]any{"5ecret": make(chan int)})
		stringer := sessions.Key[interface{ String() string }]("name")
		interfaceErr := stringer.Set(s, name("5ecret"))
		_, updateInterfaceErr := stringer.Update(s, func(interface{ String() string }) (interface{ String() string }, error) { return name("5ecret"), nil })
		for _, test := range []struct {
			err  error
			want string
		}{
			{getErr, `sessions: key "cart": serializer: type mismatch: text does not fit int`},
			{takeErr, `sessions: key "cart": serializer: type mismatch: text does not fit int`},
			{updateErr, `sessions: key "cart": serializer: type mismatch: text does not fit int`},
			{updatedErr, `sessions: key "new": serializer: type mismatch: chan int cannot be stored`},
			{lookupErr, `sessions: key "cart": serializer: type mismatch: text does not fit sessions_test.order`},
			{fieldErr, `sessions: key "order": serializer: type mismatch: field order.Items[0].Name: an integer does not fit string`},
			{setErr, `sessions: key "order": serializer: type mismatch: field order.Items[1].Price: chan int cannot be stored`},
			{anyErr, `sessions: key "any": serializer: type mismatch: element [key]: chan int cannot be stored`},
		} {
			if test.err == nil || test.err.Error() != test.want || !errors.Is(test.err, serializer.ErrType) {
				t.Errorf("got %v, want %s", test.err, test.want)
			}
		}
		errOwn := errors.New("the function's own error")
		if _, err := sessions.Key[int]("new").Update(s, func(int) (int, error) { return 0, errOwn }); err != errOwn {
			t.Errorf("a function that fails: got %v, want its error alone", err)
		}
		for _, err := range []error{interfaceErr, updateInterfaceErr} {
			if err == nil || strings.Contains(err.Error(), "5ecret") {
				t.Errorf("an interface that cannot be read: got %v, want an error", err)
			}
		}
	})
}
