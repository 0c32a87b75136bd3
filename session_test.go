package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// in runs f on the session of one request of c.
func in(c *client, mw *sessions.Middleware, f func(r *http.Request, s *sessions.Session)) *http.Response {
	c.t.Helper()
	before := c.handler
	defer func() { c.handler = before }()
	c.handler = mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		f(r, s)
	}))
	return c.get("/")
}

func TestValuesKeepTheirTypes(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := newClient(t, nil)
	type cart struct {
		Items []string `json:"items"`
		Total float64  `json:"total"`
	}
	const key sessions.Key[cart] = "cart"
	want := cart{[]string{"tea"}, 1}
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		check(t, key.Set(s, want))
		check(t, s.Set("n", 1))
		check(t, s.Set("x", 1.0))
		want.Items[0] = "changed after Set"
	})
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		got, err := key.Get(s)
		check(t, err)
		if got.Items[0] != "tea" || got.Total != 1 {
			t.Errorf("cart: got %v", got)
		}
		if n, err := s.Get("n"); n != int64(1) || err != nil {
			t.Errorf("n: got %T %v, %v", n, n, err)
		}
		if x, err := s.Get("x"); x != 1.0 || err != nil {
			t.Errorf("x: got %T %v, %v", x, x, err)
		}
		if v, err := s.Get("absent"); v != nil || err != nil {
			t.Errorf("absent: got %v, %v", v, err)
		}
		if _, err := sessions.Key[int]("cart").Get(s); err == nil {
			t.Error("a value of another type: no error")
		}
		if err := s.Set("f", func() {}); err == nil || s.Has("f") {
			t.Errorf("an unencodable value: got %v, stored %v", err, s.Has("f"))
		}
		if got := s.Keys(); !slices.Equal(got, []string{"cart", "n", "x"}) || s.Len() != 3 {
			t.Errorf("Keys: got %v", got)
		}
	})
}

func TestErrorsHoldNeitherKeyNorValue(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	in(newClient(t, nil), mw, func(r *http.Request, s *sessions.Session) {
		check(t, s.Set("secret-key", "secret-value"))
		_, err1 := s.Decode("secret-key", new(int))
		err2 := s.Set("secret-key", map[string]any{"secret-value": func() {}})
		_, err3 := sessions.Key[int]("secret-key").Update(s, func(int) (int, error) { return 0, nil })
		for _, err := range []error{err1, err2, err3} {
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
		}
		// The name of a Key is part of the program.
		_, err4 := sessions.Key[int]("secret-key").Take(s)
		if err4 == nil || strings.Contains(err4.Error(), "secret-value") {
			t.Errorf("got %v", err4)
		}
	})
}

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

// Messages are no single-use values: requests at the same moment may both show
// one. But none is lost, and none comes back.
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

func TestMIX3_GoroutinesOfOneRequest(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := newClient(t, nil)
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				other, err := sessions.Load(r.Context())
				if err != nil || other != s {
					t.Errorf("Load: another session, %v", err)
				}
				check(t, s.Set(fmt.Sprint(i), i))
				_, err = visits.Update(s, func(n int) (int, error) { return n + 1, nil })
				check(t, err)
				check(t, s.Save(r.Context()))
				check(t, s.Delete(fmt.Sprint(i)))
				_, _, _, _ = s.Keys(), s.PublicID(), s.Changed(), s.Expires()
			})
		}
		wg.Wait()
	})
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		if n, _ := visits.Get(s); n != 8 || s.Len() != 1 {
			t.Errorf("got %d visits in %d keys, want 8 in 1", n, s.Len())
		}
	})
}

func TestUpdateMayUseTheSession(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	in(newClient(t, nil), mw, func(r *http.Request, s *sessions.Session) {
		n, err := visits.Update(s, func(n int) (int, error) {
			check(t, s.Set("seen", true))
			return n + s.Len(), nil
		})
		if n != 1 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
		oops := errors.New("oops")
		if _, err := visits.Update(s, func(int) (int, error) { return 0, oops }); !errors.Is(err, oops) {
			t.Errorf("got %v, want the function's error", err)
		}
	})
}

func TestEXP1_AbsoluteAndIdleTimeout(t *testing.T) {
	for _, tt := range []struct {
		name           string
		lifetime, idle time.Duration
		step           time.Duration
		steps          int // requests that find the session
	}{
		{"absolute", time.Hour, 0, 10 * time.Minute, 5},
		{"idle", time.Hour, 10 * time.Minute, 11 * time.Minute, 0},
		{"used within idle, until the absolute end", time.Hour, 10 * time.Minute, 9 * time.Minute, 6},
		{"often", time.Hour, 10 * time.Minute, 10 * time.Second, 359},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				touches := 0
				m := memory.New(nil)
				defer m.Close()
				b := backends.Intercept(m, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
					if op == backends.OpTouch {
						touches++
					}
					return next(ctx)
				})
				c := start(t, newMiddleware(t, b, &sessions.Config{Lifetime: tt.lifetime, IdleTimeout: tt.idle}), nil)
				steps := 0
				for {
					time.Sleep(tt.step)
					if body(c.get("/who")) != "ada" {
						break
					}
					steps++
				}
				if steps != tt.steps {
					t.Errorf("lived for %d steps, want %d", steps, tt.steps)
				}
				if most := int(tt.lifetime/time.Minute) + 1; touches > most {
					t.Errorf("%d touches, want at most %d", touches, most)
				}
			})
		})
	}
}

func TestNoTouchKeepsNothingAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		c := start(t, newMiddleware(t, b, &sessions.Config{IdleTimeout: 10 * time.Minute, NoTouch: sessions.Paths("/who")}), nil)
		for range 2 {
			time.Sleep(5*time.Minute - time.Second)
			if got := body(c.get("/who")); got != "ada" {
				t.Fatalf("too early: got %q", got)
			}
		}
		time.Sleep(3 * time.Second)
		if got := body(c.get("/who")); got != "" {
			t.Errorf("polling kept the session alive: got %q", got)
		}
	})
}

func TestEXP1_RegenerationDoesNotMoveTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New(nil)
		defer b.Close()
		mw := newMiddleware(t, b, &sessions.Config{Lifetime: time.Hour})
		c := start(t, mw, nil)
		time.Sleep(30 * time.Minute)
		if got := c.get("/login").Cookies()[0].MaxAge; got != 1800 {
			t.Errorf("Max-Age after login: got %d, want 1800", got)
		}
		time.Sleep(30 * time.Minute)
		if got := body(c.get("/who")); got != "" {
			t.Errorf("lives beyond its lifetime: %q", got)
		}
	})
}

func TestRememberMeAndLifetime(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{BrowserSession: true})
	c := newClient(t, nil)
	maxAge := func(f func(s *sessions.Session)) int {
		cookies := in(c, mw, func(r *http.Request, s *sessions.Session) { f(s) }).Cookies()
		if len(cookies) == 0 {
			return -1
		}
		return cookies[0].MaxAge
	}
	for _, tt := range []struct {
		name string
		f    func(s *sessions.Session)
		want int // 0: a cookie without, -1: no cookie
	}{
		{"nothing but metadata", func(s *sessions.Session) { check(t, s.SetPersistent(true)) }, -1},
		{"browser session", func(s *sessions.Session) { check(t, s.Set("a", 1)) }, 0},
		{"change", func(s *sessions.Session) { check(t, s.Set("a", 2)) }, -1},
		{"remember", func(s *sessions.Session) { check(t, s.SetPersistent(true)) }, 14 * 24 * 3600},
		{"remember again", func(s *sessions.Session) { check(t, s.SetPersistent(true)) }, -1},
		{"lifetime", func(s *sessions.Session) { check(t, s.SetLifetime(time.Hour)) }, 3600},
		{"forget", func(s *sessions.Session) { check(t, s.SetPersistent(false)) }, 0},
	} {
		got := maxAge(tt.f)
		if got != tt.want && (got != tt.want-1 || tt.want <= 0) {
			t.Errorf("%s: Max-Age got %d, want %d", tt.name, got, tt.want)
		}
	}
	in(c, mw, func(r *http.Request, s *sessions.Session) {
		for _, d := range []time.Duration{0, -time.Hour, time.Millisecond, 1 << 62} {
			if err := s.SetLifetime(d); err == nil {
				t.Errorf("SetLifetime(%v): accepted", d)
			}
		}
		if left := time.Until(s.Expires()); left > time.Hour || left < 59*time.Minute {
			t.Errorf("Expires: in %v, want an hour", left)
		}
	})
}

func TestASVS742_Subjects(t *testing.T) {
	b := memory.New(nil)
	mw := newMiddleware(t, b, &sessions.Config{MaxPerSubject: 3, EvictOldest: true})
	login := func() *client {
		c := newClient(t, nil)
		in(c, mw, func(r *http.Request, s *sessions.Session) {
			check(t, s.RegenerateID())
			check(t, s.SetSubject("ada"))
			check(t, user.Set(s, "ada"))
		})
		return c
	}
	who := func(c *client) (name, id string) {
		in(c, mw, func(r *http.Request, s *sessions.Session) { name, _ = user.Get(s); id = s.PublicID() })
		return name, id
	}
	devices := []*client{login(), login(), login()}
	list, err := mw.List(t.Context(), "ada")
	check(t, err)
	if len(list) != 3 {
		t.Fatalf("List: got %d, want 3", len(list))
	}
	for i, c := range devices {
		_, id := who(c)
		if !slices.ContainsFunc(list, func(i sessions.Device) bool { return i.PublicID == id }) {
			t.Errorf("device %d is not in the list", i)
		}
	}
	login()
	if list, _ := mw.List(t.Context(), "ada"); len(list) != 3 {
		t.Errorf("beyond the limit: got %d, want 3", len(list))
	}
	alive := slices.DeleteFunc(devices, func(c *client) bool { name, _ := who(c); return name == "" })
	if len(alive) != 2 {
		t.Fatalf("%d of the first three are alive, want 2", len(alive))
	}
	_, id := who(alive[0])
	if found, err := mw.Revoke(t.Context(), "eve", id); found || err != nil {
		t.Errorf("revoking somebody else's session: %v, %v", found, err)
	}
	if found, err := mw.Revoke(t.Context(), "ada", id); !found || err != nil {
		t.Errorf("Revoke: %v, %v", found, err)
	}
	if name, _ := who(alive[0]); name != "" {
		t.Error("the revoked session is alive")
	}
	in(alive[1], mw, func(r *http.Request, s *sessions.Session) {
		n, err := mw.RevokeOthers(r.Context(), s)
		if n != 1 || err != nil {
			t.Errorf("RevokeOthers: %d, %v", n, err)
		}
	})
	if name, _ := who(alive[1]); name != "ada" {
		t.Error("RevokeOthers ended the session itself")
	}
	if n, err := mw.RevokeAll(t.Context(), "ada"); n != 1 || err != nil {
		t.Errorf("RevokeAll: %d, %v", n, err)
	}
	if name, _ := who(alive[1]); name != "" {
		t.Error("RevokeAll left a session")
	}
}

func TestSubjectLimitRefuses(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{MaxPerSubject: 1})
	for i, want := range []int{200, 409} {
		response := in(newClient(t, nil), mw, func(r *http.Request, s *sessions.Session) { check(t, s.SetSubject("ada")) })
		if response.StatusCode != want {
			t.Errorf("login %d: status %d, want %d", i, response.StatusCode, want)
		}
	}
}

func TestDOS4_TooLargeIsRefusedAndTheOldStateStays(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{MaxSize: 1000})
	c := start(t, mw, nil)
	response := in(c, mw, func(r *http.Request, s *sessions.Session) { check(t, user.Set(s, strings.Repeat("x", 1000))) })
	if response.StatusCode != 500 {
		t.Errorf("status: got %d, want 500", response.StatusCode)
	}
	if got := body(c.get("/who")); got != "ada" {
		t.Errorf("got %q, want ada", got)
	}
}
