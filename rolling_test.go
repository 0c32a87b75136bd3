package sessions_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

// TestC8_KeysChangeDuringADeployment changes the key of two instances, one after the
// other, while visitors come to both. In the order of the documentation no one is
// logged out; in the wrong order someone is.
func TestC8_KeysChangeDuringADeployment(t *testing.T) {
	const before, after = "the key that is used so far, and leaked", "the new key, longer than 32 bytes"
	type ring []string
	right := [][2]ring{
		{{before}, {before}},
		{{before, after}, {before}}, // first, both verify the new key
		{{before, after}, {before, after}},
		{{after, before}, {before, after}}, // then both sign with it
		{{after, before}, {after, before}},
		{{after}, {after, before}}, // every session has been signed again
		{{after}, {after}},
	}
	wrong := [][2]ring{{{before}, {before}}, {{after, before}, {before}}}
	for name, codec := range map[string]func(primary string, older ...string) cookie.Codec{
		"flask": cookie.Flask, "starlette": cookie.Starlette, "encrypted": cookie.Encrypted, "jwt": cookie.JWT, "pyjwt": cookie.PyJWT,
	} {
		t.Run(name, func(t *testing.T) {
			deploy := func(steps [][2]ring) (logouts int) {
				random := rand.New(rand.NewPCG(1, 2))
				people := make([]*client, 10)
				for i := range people {
					people[i] = newClient(t, nil)
				}
				for step, rings := range steps {
					var instances [2]http.Handler
					for i, r := range rings {
						mw := newMiddleware(t, cookie.New(codec(r[0], r[1:]...)), nil)
						instances[i] = serve(t, mw, routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
							n, err := visits.Update(s, one)
							check(t, err)
							fmt.Fprint(w, n)
						}})
					}
					for visit := range 6 {
						for _, c := range people {
							c.handler = instances[random.IntN(2)]
							if got := body(c.get("/")); got != fmt.Sprint(6*step+visit+1) {
								logouts++
							}
						}
					}
				}
				return logouts
			}
			if n := deploy(right); n != 0 {
				t.Errorf("%d visits found another session than the one before left", n)
			}
			if n := deploy(wrong); n == 0 {
				t.Error("the wrong order does not log anyone out: this test cannot fail")
			}
		})
	}
}

// TestC9_VersionsOfAnApplication: two versions of an application share a store. The
// newer has more keys, and more fields in a struct. Data that one version does not know
// survives its changes.
func TestC9_VersionsOfAnApplication(t *testing.T) {
	type oldCart struct{ Items []string }
	type newCart struct {
		Items  []string
		Coupon string
		Total  float64
	}
	const (
		was   sessions.Key[oldCart]        = "cart"
		is    sessions.Key[newCart]        = "cart"
		open  sessions.Key[map[string]any] = "cart"
		theme sessions.Key[string]         = "theme"
	)
	for name, config := range map[string]struct {
		backend sessions.Backend
		format  serializer.Format
	}{
		"json":      {memory.New(nil), nil},
		"msgpack":   {memory.New(nil), serializer.Native(serializer.MsgPack)},
		"tagged":    {memory.New(nil), serializer.Native(serializer.Flask)},
		"flask":     {cookie.New(cookie.Flask(secret)), nil},
		"encrypted": {cookie.New(cookie.Encrypted(secret)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			instance := func() *sessions.Middleware {
				return newMiddleware(t, config.backend, &sessions.Config{Format: config.format})
			}
			older, newer := instance(), instance()
			c := newClient(t, nil)
			in(c, older, func(_ *http.Request, s *sessions.Session) { check(t, was.Set(s, oldCart{Items: []string{"tea"}})) })
			in(c, newer, func(_ *http.Request, s *sessions.Session) {
				got, err := is.Get(s)
				if len(got.Items) != 1 || got.Coupon != "" || err != nil {
					t.Errorf("the newer version reads %+v, %v", got, err)
				}
				got.Coupon, got.Total = "spring", 2
				check(t, is.Set(s, got))
				check(t, theme.Set(s, "dark"))
			})
			in(c, older, func(_ *http.Request, s *sessions.Session) {
				if got, err := was.Get(s); len(got.Items) != 1 || err != nil {
					t.Errorf("the older version reads %+v, %v", got, err)
				}
				check(t, user.Set(s, "ada")) // does not change the cart
				check(t, s.RegenerateID())
			})
			in(c, older, func(_ *http.Request, s *sessions.Session) {
				// A version that writes a value which others extend has to keep the
				// fields that it does not know.
				_, err := open.Update(s, func(cart map[string]any) (map[string]any, error) {
					cart["Items"] = append(cart["Items"].([]any), "milk")
					return cart, nil
				})
				check(t, err)
			})
			in(c, newer, func(_ *http.Request, s *sessions.Session) {
				got, err := is.Get(s)
				if len(got.Items) != 2 || got.Coupon != "spring" || got.Total != 2 || err != nil {
					t.Errorf("the newer version finds %+v, %v", got, err)
				}
				if name, _ := theme.Get(s); name != "dark" {
					t.Errorf("a key of the newer version: got %q, want dark", name)
				}
				if name, _ := user.Get(s); name != "ada" {
					t.Errorf("what the older version stored: got %q, want ada", name)
				}
			})
		})
	}
}
