package gorilla_test

import (
	"crypto/rand"
	"encoding/gob"
	"errors"
	"math"
	"math/big"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	gorillasessions "github.com/gorilla/sessions"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/serializer"
)

type user struct {
	Name   string
	Roles  []string
	Points map[string]int
	Parent *user
	Seen   time.Time
	Any    any
}

type (
	keyType  struct{ A, B string }
	textKey  string
	pointers struct{ Count *int }
	channel  struct{ C chan int }
	loop     struct{ Next *loop }
)

func init() {
	for _, v := range []any{
		user{}, keyType{}, textKey(""), pointers{}, channel{}, &loop{},
		map[string]any{}, time.Time{}, []int{}, &big.Int{}, &url.URL{}, map[any]any{}, [2]int{},
	} {
		gob.Register(v)
	}
}

// TestValues: what handlers of gorilla's keep comes back as it was, in every format
// and in a cookie.
func TestValues(t *testing.T) {
	binary := make([]byte, 300)
	for i := range binary {
		binary[i] = byte(i)
	}
	values := map[any]any{
		"text":           "x",
		"":               "an empty key",
		"no UTF-8":       string(binary),
		"\xff\x00/:":     "a key that is not UTF-8",
		"int:5":          "text, and not a number",
		"a/b:c\u00e9 ü":  true,
		5:                "an int",
		int64(5):         "an int64",
		uint8(5):         "a uint8",
		true:             "a bool",
		1.5:              "a float",
		keyType{"a", ""}: "a struct",
		textKey("user"):  "a named string",
		[2]int{1, 2}:     "an array",
		"int":            int(-1),
		"int8":           int8(math.MinInt8),
		"uint64":         uint64(math.MaxUint64),
		"float32":        float32(0.1),
		"float":          math.Inf(-1),
		"complex":        complex(1, 2),
		"bytes":          binary,
		"nil":            nil,
		"ints":           []int{1, 0, -1},
		"list":           []any{"a", 1, nil, []byte{0}},
		"map":            map[string]any{"a": 1, "b": []any{2}},
		"any map":        map[any]any{1: "a", "b": 2},
		"time":           time.Date(2026, 11, 28, 1, 2, 3, 4, time.UTC),
		"big":            new(big.Int).Lsh(big.NewInt(1), 100),
		"url":            &url.URL{Scheme: "https", User: url.UserPassword("a", "b"), Host: "c"},
		"user": user{
			Name: "ada", Roles: []string{"a", "b"}, Points: map[string]int{"x": 0},
			Parent: &user{Name: "p"}, Seen: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC), Any: textKey("t"),
		},
	}
	for name, setup := range map[string]struct {
		backend sessions.Backend
		config  *sessions.Config
	}{
		"JSON":    {nil, nil},
		"MsgPack": {nil, &sessions.Config{Format: serializer.Native(serializer.MsgPack)}},
		"Flask":   {nil, &sessions.Config{Format: serializer.Native(serializer.Flask)}},
		"cookie":  {cookie.New(cookie.Encrypted(rand.Text() + rand.Text())), nil},
		"Flask's": {cookie.New(cookie.Flask(rand.Text() + rand.Text())), nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t, nil, setup.backend, setup.config)
			for key, value := range values {
				b.with("app", func(s *gorillasessions.Session) { s.Values = map[any]any{key: value} })
				got := b.mustValues("app")
				if back, ok := got[key]; !ok || len(got) != 1 || !reflect.DeepEqual(back, value) {
					t.Errorf("%#v under %#v comes back as %#v", value, key, got)
				}
			}
			if setup.backend != nil {
				return // a cookie is too small for all of them
			}
			b.with("app", func(s *gorillasessions.Session) { s.Values = values })
			if got := b.mustValues("app"); !reflect.DeepEqual(got, values) {
				t.Errorf("together %d of %d values come back, or some are others", len(got), len(values))
			}
		})
	}
}

// mustValues is values for backends whose sessions have no public ID.
func (b *browser) mustValues(name string) (values map[any]any) {
	b.t.Helper()
	b.do(func(_ http.ResponseWriter, r *http.Request) {
		session, err := b.store.Get(r, name)
		if err != nil {
			b.t.Errorf("Get: %v", err)
		}
		values = session.Values
	})
	return values
}

// TestRefused: what gob would change or drop is an error of Save, which says what
// it is and no value, and nothing of that Save is stored.
func TestRefused(t *testing.T) {
	type unknown struct{ A int }
	circle := &loop{}
	circle.Next = circle
	zero, self := 0, map[string]any{}
	self["secret"] = self
	for _, tt := range []struct {
		name       string
		key, value any
		want       string
	}{
		{"a type that is not registered", "k", unknown{1}, "not registered"},
		{"a pointer to a zero value", "k", pointers{&zero}, "field gorilla_test.pointers.Count is a pointer to a zero value"},
		{"a pointer where the type is registered", "k", &user{Name: "secret"}, "is a *gorilla_test.user and comes back as a gorilla_test.user"},
		{"a function", "k", func() {}, "is a func"},
		{"a channel", "k", channel{make(chan int)}, "field gorilla_test.channel.C is a chan"},
		{"a value that contains itself", "k", circle, "contains itself"},
		{"a map that contains itself", "k", self, "contains itself"},
		{"a pointer deep inside", "k", []any{map[string]any{"secret": []any{&user{}}}}, "comes back as a gorilla_test.user"},
		{"a pointer as a key", new(int), 1, "key"},
		{"not a number as a key", math.NaN(), 1, "not equal to itself"},
		{"nil as a key", nil, 1, "nil"},
		{"an unregistered key", unknown{1}, 1, "not registered"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBrowser(t, nil, nil, nil)
			b.do(func(w http.ResponseWriter, r *http.Request) {
				session, err := b.store.Get(r, "app")
				if err != nil {
					t.Error(err)
				}
				session.Values["fine"] = 1
				session.Values[tt.key] = tt.value
				err = session.Save(r, w)
				if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
					t.Errorf("Save: %v, want one that says %q and no value", err, tt.want)
				}
			})
			b.wantValues("app", map[any]any{})
		})
	}
}

// TestUnreadable: a value whose type is gone is an error of Get, and stays until the
// handler replaces it.
func TestUnreadable(t *testing.T) {
	b := newBrowser(t, nil, nil, nil)
	spoil := func(key string, data []byte) {
		b.do(func(_ http.ResponseWriter, r *http.Request) {
			session, err := sessions.Load(r.Context())
			if err == nil {
				err = session.Set(key, data)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	b.with("app", func(s *gorillasessions.Session) { s.Values["a"], s.Values["b"] = 1, 2 })
	names := []string{"gorilla/app/sb", "gorilla/app/g!", "gorilla/app/int:x", "gorilla/app/?"}
	for _, name := range names {
		spoil(name, []byte("garbage"))
	}
	b.do(func(w http.ResponseWriter, r *http.Request) {
		session, err := b.store.Get(r, "app")
		if err == nil || strings.Contains(err.Error(), "garbage") || len(session.Values) != 1 || session.Values["a"] != 1 || session.IsNew {
			t.Errorf("Get: %v, %v, want the rest and an error", session.Values, err)
		}
		session.Values["a"] = 2
		if err := session.Save(r, w); err != nil {
			t.Error(err)
		}
	})
	b.do(func(w http.ResponseWriter, r *http.Request) {
		inner, err := sessions.Load(r.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if !inner.Has(name) {
				t.Errorf("Save removed %s, which it could not read", name)
			}
			if name != names[0] {
				if err := inner.Delete(name); err != nil {
					t.Error(err)
				}
			}
		}
		session, _ := b.store.New(r, "app")
		session.Values["b"] = 3
		if err := session.Save(r, w); err != nil {
			t.Error(err)
		}
	})
	b.wantValues("app", map[any]any{"a": 2, "b": 3})

	// What is not even bytes.
	b.do(func(_ http.ResponseWriter, r *http.Request) {
		inner, err := sessions.Load(r.Context())
		if err == nil {
			err = errors.Join(inner.Set("gorilla/other/sx", 5), inner.Set("gorilla/third", "soon"))
		}
		if err != nil {
			t.Error(err)
		}
		for _, name := range []string{"other", "third"} {
			if session, err := b.store.New(r, name); err == nil || session == nil {
				t.Errorf("New of %s: %v, no error", name, session)
			}
		}
	})
}
