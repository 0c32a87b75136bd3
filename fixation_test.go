package sessions_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// vehicles are the ways in which tokens travel: each puts a token into a request, and
// returns that of a response, "" if there is none.
var vehicles = map[string]struct {
	transport sessions.Transport
	put       func(h http.Header, token string)
	find      func(h http.Header) string
}{
	"cookie": {
		sessions.Cookie{Name: "token"},
		func(h http.Header, token string) { h.Set("Cookie", "token="+token) },
		func(h http.Header) string {
			value, _, _ := strings.Cut(strings.TrimPrefix(h.Get("Set-Cookie"), "token="), ";")
			return value
		},
	},
	"bearer": {
		sessions.Bearer(),
		func(h http.Header, token string) { h.Set("Authorization", "Bearer "+token) },
		func(h http.Header) string { return strings.TrimPrefix(h.Get("Authorization"), "Bearer ") },
	},
	"header": {
		sessions.Header{Name: "X-Session"},
		func(h http.Header, token string) { h.Set("X-Session", token) },
		func(h http.Header) string { return h.Get("X-Session") },
	},
	"chain": {
		sessions.Chain(sessions.Header{Name: "X-Session"}, sessions.Cookie{Name: "token"}),
		func(h http.Header, token string) { h.Set("X-Session", token) },
		func(h http.Header) string { return h.Get("X-Session") },
	},
}

// worthless fails the test if token leads to a session, or if a new session adopts
// it.
func worthless(t *testing.T, h http.Handler, vehicle, token string) {
	t.Helper()
	v := vehicles[vehicle]
	ask := func(path, token string) (body, answer string) {
		r := httptest.NewRequest("GET", path, nil)
		v.put(r.Header, token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Errorf("%s: status %d", path, w.Code)
		}
		return w.Body.String(), v.find(w.Header())
	}
	if who, answer := ask("/who", token); who != "" || answer != "" {
		t.Errorf("it leads to %q, and is answered with a token: %v", who, answer != "")
	}
	_, fresh := ask("/same", token)
	if fresh == "" || fresh == token {
		t.Errorf("a session that is begun with it has no token of its own: %v", fresh == token)
	}
	if who, _ := ask("/who", fresh); who != "ada" {
		t.Errorf("the new token leads to %q, want ada", who)
	}
	if who, _ := ask("/who", token); who != "" {
		t.Errorf("then it leads to %q", who)
	}
}

// TestFIX1_FIX2_E19_WorthlessTokensAreNotAdopted: no backend and no transport adopts a
// token that was never issued, or whose session was destroyed.
func TestFIX1_FIX2_E19_WorthlessTokensAreNotAdopted(t *testing.T) {
	for vehicle, v := range vehicles {
		t.Run(vehicle, func(t *testing.T) {
			issue := func(h http.Handler) string {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", "/same", nil))
				return v.find(w.Header())
			}
			onServers(t, func(t *testing.T, b sessions.Backend) {
				h := serve(t, newMiddleware(t, b, &sessions.Config{Transport: v.transport, Namespace: vehicle}), basics)
				worthless(t, h, vehicle, strings.Repeat("A", 43))

				token := issue(h)
				r := httptest.NewRequest("GET", "/destroy", nil)
				v.put(r.Header, token)
				h.ServeHTTP(httptest.NewRecorder(), r)
				worthless(t, h, vehicle, token)
			})
			for name, codec := range map[string]func(primary string, older ...string) cookie.Codec{
				"encrypted": cookie.Encrypted, "jwt": cookie.JWT, "pyjwt": cookie.PyJWT,
				"flask": cookie.Flask, "starlette": cookie.Starlette, "starlette-flask": cookie.StarletteFlask,
			} {
				t.Run(name, func(t *testing.T) {
					with := func(key string) http.Handler {
						return serve(t, newMiddleware(t, cookie.New(codec(key)), &sessions.Config{Transport: v.transport}), basics)
					}
					worthless(t, with(secret), vehicle, issue(with(randomKey)))
				})
			}
		})
	}
}

// TestFIX2_ExpiredTokensAreNotAdopted: a token that has expired is not adopted.
func TestFIX2_ExpiredTokensAreNotAdopted(t *testing.T) {
	for name, newBackend := range map[string]func() sessions.Backend{
		"memory":    func() sessions.Backend { return memory.New(nil) },
		"swap":      func() sessions.Backend { return swapOnly{memory.New(nil)} },
		"basic":     func() sessions.Backend { return basic{memory.New(nil)} },
		"encrypted": func() sessions.Backend { return cookie.New(cookie.Encrypted(secret)) },
		"jwt":       func() sessions.Backend { return cookie.New(cookie.JWT(secret)) },
		"flask":     func() sessions.Backend { return cookie.New(cookie.Flask(secret)) },
		"starlette": func() sessions.Backend { return cookie.New(cookie.Starlette(secret)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := vehicles["cookie"]
				h := serve(t, newMiddleware(t, newBackend(), &sessions.Config{Transport: v.transport, Lifetime: time.Hour}), basics)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", "/same", nil))
				time.Sleep(time.Hour + time.Second)
				worthless(t, h, "cookie", v.find(w.Header()))
			})
		})
	}
}

// TestFIX3_OtherWaysForATokenAreIgnored: a token in any place but the configured one is
// ignored, and is not sent back in the configured one.
func TestFIX3_OtherWaysForATokenAreIgnored(t *testing.T) {
	for vehicle, v := range vehicles {
		h := serve(t, newMiddleware(t, memory.New(nil), &sessions.Config{Transport: v.transport}), routes{
			"/same": basics["/same"], "/who": basics["/who"],
		})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/same", nil))
		token := v.find(w.Header())
		for _, path := range []string{"/who", "/same"} {
			r := httptest.NewRequest("POST", path+"?session="+token+"&token="+token, strings.NewReader("token="+token))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Referer", "https://example.com/;token="+token)
			for _, other := range vehicles {
				other.put(r.Header, token)
			}
			r.Header.Del("X-Token")
			switch vehicle {
			case "cookie":
				r.Header.Set("Cookie", "session="+token+"; Token="+token)
			case "bearer":
				r.Header.Set("Authorization", "Basic "+token)
			case "header":
				r.Header.Set("X-Session", "")
				r.Header.Set("X-Session-Id", token)
			case "chain":
				r.Header.Set("X-Session", "")
				r.Header.Set("Cookie", "session="+token)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			answer := v.find(w.Header())
			if w.Body.Len() != 0 || strings.Contains(w.Header().Get("Set-Cookie"), token) || answer == token || (answer != "") != (path == "/same") {
				t.Errorf("%s: %s: got %q, header %v", vehicle, path, w.Body, w.Header())
			}
		}
	}
}

// TestFIX4_R6_RegenerationRetiresTheOldToken: right after a login the old token leads
// to no session and stores nothing, however many requests try.
func TestFIX4_R6_RegenerationRetiresTheOldToken(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		c := start(t, newMiddleware(t, b, nil), nil)
		old := c.copies()
		c.get("/login")
		if c.cookies["__Host-session"] == old["__Host-session"] {
			t.Fatal("the login kept the token")
		}
		together(20, func(i int) {
			path := []string{"/who", "/other"}[i%2]
			response := c.do(path, old)
			want := map[string]int{"/who": http.StatusOK, "/other": http.StatusConflict}[path]
			if got := body(response); response.StatusCode != want || path == "/who" && got != "" || len(response.Cookies()) != 0 {
				t.Errorf("%s with the old token: status %d, %q, cookies %v", path, response.StatusCode, got, response.Cookies())
			}
		})
		if got := body(c.get("/who")); got != "ada" {
			t.Errorf("new token: got %q, want ada", got)
		}
	})
}

// TestFIX5_LoginKeepsOnlyWhatItNames: a login that clears the session keeps only the
// values that it sets again. Values that another request adds meanwhile with the old
// token are removed too.
func TestFIX5_LoginKeepsOnlyWhatItNames(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		mw := newMiddleware(t, b, nil)
		var c *client
		c = start(t, mw, routes{
			"/shop": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				check(t, s.Set("cart", "tea"))
				check(t, s.Set("csrf", "from before"))
			},
			"/plant": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				check(t, s.Set("csrf", "planted"))
				check(t, s.Set("admin", true))
			},
			"/clean-login": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				cart, err := s.Get("cart")
				check(t, err)
				if response := c.do("/plant", c.copies()); response.StatusCode != 200 {
					t.Errorf("/plant: status %d", response.StatusCode)
				}
				check(t, s.Clear())
				check(t, s.Set("cart", cart))
				check(t, s.RegenerateID())
			},
		})
		c.get("/shop")
		c.get("/clean-login")
		in(c, mw, func(r *http.Request, s *sessions.Session) {
			if cart, err := s.Get("cart"); s.Len() != 1 || cart != "tea" || err != nil {
				t.Errorf("after the login: %v, cart %v, %v", s.Keys(), cart, err)
			}
		})
	})
}
