package sessions_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

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
		_, err3 := s.Update("secret-key", func(any) (any, error) { return func() {}, nil })
		for _, err := range []error{err1, err2, err3} {
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
		}
		// The name of a Key is part of the program.
		_, err4 := sessions.Key[int]("secret-key").Take(s)
		_, err5 := sessions.Key[int]("secret-key").Update(s, func(int) (int, error) { return 0, nil })
		for _, err := range []error{err4, err5} {
			if err == nil || strings.Contains(err.Error(), "secret-value") {
				t.Errorf("got %v", err)
			}
		}
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

// TestMIX3_EverythingAtOnce calls all methods at once, for the race detector.
func TestMIX3_EverythingAtOnce(t *testing.T) {
	for name, b := range variants(t) {
		t.Run(name, func(t *testing.T) {
			mw := newMiddleware(t, b, &sessions.Config{IdleTimeout: time.Hour})
			c := start(t, mw, routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				ctx := r.Context()
				doings := []func(){
					func() { _ = s.PublicID() },
					func() { _ = s.Save(ctx) },
					func() { _ = s.RegenerateID() },
					func() { _ = s.Set("k", "v") },
					func() { _, _ = visits.Update(s, func(n int) (int, error) { return n + 1, nil }) },
					func() {
						_ = s.Transact(ctx, func(s *sessions.Session) error { return s.Set("t", 1) })
					},
					func() { _ = s.Flash("", "x"); _, _ = s.Flashes() },
					func() { _, _ = s.Take("k"); _ = s.Changed(); _ = s.Keys(); _ = s.Expires() },
					func() { s.Discard() },
					func() { _ = s.SetSubject("ada"); _ = s.SetPersistent(true); _ = s.SetLifetime(time.Hour) },
					func() { _ = s.Clear(); _ = s.Delete("k"); _ = s.IsNew(); _ = s.Len() },
					func() { _ = s.ResponseHeader() },
					func() { _, _ = sessions.Load(ctx); _, _ = sessions.FromContext(ctx) },
				}
				together(len(doings), func(i int) {
					for range 20 {
						doings[i]()
					}
				})
				_ = s.Destroy(ctx)
				together(len(doings), func(i int) { doings[i]() })
			}})
			within(t, func() { c.get("/") })
		})
	}
}

// TestSmallValuesKeepTheirBytes sets so many small values, before and after a Save
// and while others read, that the room for them in the session is used up.
func TestSmallValuesKeepTheirBytes(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	key := func(i int) sessions.Key[string] { return sessions.Key[string](fmt.Sprintf("key_%02d", i)) }
	value := func(i int) string { return strings.Repeat(string(rune('a'+i)), i) }
	check := func(s *sessions.Session, n int) {
		for i := range n {
			if got, err := key(i).Get(s); got != value(i) || err != nil {
				t.Errorf("key %d: got %q, %v, want %q", i, got, err, value(i))
			}
		}
	}
	c := newClient(t, serve(t, mw, routes{
		"/write": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
			var readers sync.WaitGroup
			for i := range 24 {
				if err := key(i).Set(s, "old"); err != nil {
					t.Fatal(err)
				}
				if err := key(i).Set(s, value(i)); err != nil {
					t.Fatal(err)
				}
				readers.Go(func() { check(s, i+1) })
				if i%5 == 2 {
					readers.Go(func() {
						if err := s.Save(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
			}
			readers.Wait()
		},
		"/read": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { check(s, 24) },
	}))
	for range 20 {
		clear(c.cookies)
		c.get("/write")
		c.get("/read")
	}
}
