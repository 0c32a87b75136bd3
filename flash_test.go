package sessions_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

func TestFlash(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := newClient(t, nil)
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		check(t, s.Flash("", "one"))
		check(t, s.Flash("error", "two"))
		check(t, s.Flash("", "three"))
	})
	show := func(categories ...string) (shown []sessions.Flash) {
		in(c, mw, func(r *http.Request, s *sessions.Session) {
			var err error
			shown, err = s.Flashes(categories...)
			check(t, err)
		})
		return shown
	}
	for _, tt := range []struct {
		categories []string
		want       []sessions.Flash
	}{
		{[]string{"other"}, nil},
		{[]string{"error"}, []sessions.Flash{{Category: "error", Message: "two"}}},
		{nil, []sessions.Flash{{Category: "message", Message: "one"}, {Category: "message", Message: "three"}}},
		{nil, nil},
	} {
		if got := show(tt.categories...); !slices.Equal(got, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.categories, got, tt.want)
		}
	}
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		if s.Has("_flashes") {
			t.Error("an empty list is left")
		}
	})
}

func TestFlashesOfParallelRequestsAreAllShown(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{"/flash": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		check(t, s.Flash("", r.URL.Query().Get("m")))
	}})
	together(20, func(i int) {
		other := &client{t, c.handler, map[string]string{"__Host-session": c.cookies["__Host-session"]}}
		other.get(fmt.Sprint("/flash?m=", i))
	})
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		shown, err := s.Flashes()
		check(t, err)
		if len(shown) != 20 {
			t.Errorf("got %d messages, want 20", len(shown))
		}
	})
}

// TestRES6_FlashesThatTwoRequestsShow: two concurrent requests may both show a message.
// But no message is lost, and none comes back.
func TestRES6_FlashesThatTwoRequestsShow(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		mw := newMiddleware(t, b, nil)
		flashes := func(s *sessions.Session, want ...string) {
			t.Helper()
			shown, err := s.Flashes()
			var got []string
			for _, f := range shown {
				got = append(got, f.Message)
			}
			if !slices.Equal(got, want) || err != nil {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		}
		var c *client
		c = start(t, mw, routes{
			"/say": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				check(t, s.Flash("", r.URL.Query().Get("m")))
			},
			"/show": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { flashes(s, "one") },
			"/show-slowly": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				for _, path := range []string{"/show", "/say?m=two"} {
					if response := c.get(path); response.StatusCode != 200 {
						t.Errorf("%s: status %d", path, response.StatusCode)
					}
				}
				flashes(s, "one")
			},
		})
		c.get("/say?m=one")
		if response := c.get("/show-slowly"); response.StatusCode != 200 {
			t.Errorf("status %d", response.StatusCode)
		}
		in(c, mw, func(_ *http.Request, s *sessions.Session) { flashes(s, "two") })
		in(c, mw, func(_ *http.Request, s *sessions.Session) { flashes(s) })
	})
}

// TestAForeignValueUnderTheKeyOfFlashes: if an application's own value is under the key
// of flash messages, it stays, Flashes returns no messages, and the error of Flash
// names the remedy.
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
			// The remedy works.
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
