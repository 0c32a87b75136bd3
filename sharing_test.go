package sessions_test

import (
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// TestR39_NothingIsShared: what a handler gets from a session or stores in it is a
// copy. If the handler changes a list, a map, bytes or the keys, neither the session
// nor its record nor the values of a concurrent request change.
func TestR39_NothingIsShared(t *testing.T) {
	fresh := func() map[string]any {
		return map[string]any{"list": []any{"a", []any{"b"}}, "map": map[string]any{"k": []any{"v"}}, "bytes": []byte("bytes")}
	}
	spoil := func(s *sessions.Session) {
		for key, want := range fresh() {
			v, err := s.Get(key)
			check(t, err)
			switch v := v.(type) {
			case []any:
				v[0] = "spoilt"
				v[1].([]any)[0] = "spoilt"
			case map[string]any:
				v["k"].([]any)[0] = "spoilt"
				v["new"] = true
			case []byte:
				v[0] = 'X'
			case string: // bytes, in formats without bytes
			default:
				t.Errorf("%s: got %T, want %T", key, v, want)
			}
		}
		for i, keys := 0, s.Keys(); i < len(keys); i++ {
			keys[i] = "spoilt"
		}
	}
	for name, b := range map[string]sessions.Backend{
		"memory": memory.New(nil), "basic": basic{memory.New(nil)}, "flask": cookie.New(cookie.Flask(secret)), "encrypted": cookie.New(cookie.Encrypted(secret)),
	} {
		mw := newMiddleware(t, b, nil)
		c := newClient(t, nil)
		in(c, mw, func(_ *http.Request, s *sessions.Session) {
			for key, v := range fresh() {
				check(t, s.Set(key, v))
				switch v := v.(type) {
				case []any:
					v[0] = "spoilt"
				case map[string]any:
					v["new"] = true
				case []byte:
					v[0] = 'X'
				}
			}
			spoil(s)
		})
		var want []any
		look := func(s *sessions.Session) (got []any) {
			for _, key := range []string{"list", "map", "bytes"} {
				v, err := s.Get(key)
				check(t, err)
				got = append(got, v)
			}
			return append(got, slices.Sorted(slices.Values(s.Keys())))
		}
		in(c, mw, func(_ *http.Request, s *sessions.Session) { want = look(s) })
		if list := want[0].([]any); list[0] != "a" || len(want[1].(map[string]any)) != 1 {
			t.Errorf("%s: stored %v", name, want)
		}
		// For the race detector: each goroutine overwrites what it got.
		together(16, func(i int) {
			in(&client{t: t, cookies: c.copies()}, mw, func(_ *http.Request, s *sessions.Session) {
				spoil(s)
				if got := look(s); !reflect.DeepEqual(got[:3], want[:3]) {
					t.Errorf("%s: got %v, want %v", name, got, want)
				}
				check(t, s.Set(string(rune('A'+i)), i))
				spoil(s)
			})
		})
		in(c, mw, func(_ *http.Request, s *sessions.Session) {
			if got := look(s); !reflect.DeepEqual(got[:3], want[:3]) {
				t.Errorf("%s: then stored %v, want %v", name, got, want)
			}
		})
	}
}
