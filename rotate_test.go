package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

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

// TestR5_RegenerationSurvivesTheStoresDeath: the store dies at any operation of a
// regeneration, before or after it is applied, and is down until the response. The
// response reports the failure, and the visitor is still logged in when the store is
// back. There is one exception: if the old ID was retired and the answer to that was
// lost, the response is 503, and the session is stored once, under an ID that the
// visitor does not know.
func TestR5_RegenerationSurvivesTheStoresDeath(t *testing.T) {
	for name := range variants(t) {
		for n := 1; n < 9; n++ {
			for _, carriedOut := range []bool{false, true} {
				b := variants(t)[name]
				dead, left := false, 0
				mortal := backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
					if dead {
						return errors.New("connection refused")
					}
					if left--; left != 0 {
						return next(ctx)
					}
					if dead = true; carriedOut {
						_ = next(ctx)
					}
					return errors.New("connection reset")
				})
				c := start(t, newMiddleware(t, mortal, nil), nil)
				left = n
				response := c.get("/login")
				want := map[bool]int{false: http.StatusOK, true: http.StatusServiceUnavailable}[dead]
				died := dead
				dead, left = false, 0
				live, tombstones := records(t, b)
				who := body(c.get("/who"))
				what := fmt.Sprintf("%s: killed at operation %d, carried out %v", name, n, carriedOut)
				if response.StatusCode != want {
					t.Errorf("%s: status %d, want %d", what, response.StatusCode, want)
				}
				if unknown := died && carriedOut && tombstones == 1; (who == "ada") == unknown || who != "ada" && who != "" || unknown && live != 1 {
					t.Errorf("%s: the token leads to %q, %d records and %d tombstones", what, who, live, tombstones)
				}
			}
		}
	}
}

// TestS4_RetiredIDsAreRememberedForAMinute: for a minute, nothing is stored for a
// request with a retired ID. After that the ID is like any unknown one.
func TestS4_RetiredIDsAreRememberedForAMinute(t *testing.T) {
	for after, want := range map[time.Duration]int{time.Minute - 1: http.StatusConflict, time.Minute: http.StatusOK} {
		synctest.Test(t, func(t *testing.T) {
			m := memory.New(nil)
			defer m.Close()
			c := start(t, newMiddleware(t, m, nil), nil)
			old := c.copies()
			c.get("/login")
			time.Sleep(after)
			if got := body(c.do("/who", old)); got != "" {
				t.Errorf("after %v it leads to %q", after, got)
			}
			response := c.do("/other", old)
			if response.StatusCode != want || (len(response.Cookies()) == 1) != (want == http.StatusOK) {
				t.Errorf("after %v: status %d, cookies %v, want %d", after, response.StatusCode, response.Cookies(), want)
			}
		})
	}
}

// TestRES2_ChangeDuringRegeneration: a change that another request commits during a
// regeneration is in the session under the new ID, and nothing is under the old one.
func TestRES2_ChangeDuringRegeneration(t *testing.T) {
	onServers(t, func(t *testing.T, b sessions.Backend) {
		mw := newMiddleware(t, b, nil)
		var c *client
		var old map[string]string
		c = start(t, mw, routes{
			"/add": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.Set("added", 1)) },
			"/slow-login": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				if response := c.do("/add", old); response.StatusCode != 200 {
					t.Errorf("/add: status %d", response.StatusCode)
				}
				check(t, s.RegenerateID())
				check(t, s.Set("role", "admin"))
			},
		})
		old = c.copies()
		if response := c.get("/slow-login"); response.StatusCode != 200 {
			t.Errorf("status %d", response.StatusCode)
		}
		in(c, mw, func(r *http.Request, s *sessions.Session) {
			if !s.Has("added") || !s.Has("role") || !s.Has("user") {
				t.Errorf("under the new ID: %v", s.Keys())
			}
		})
		c.cookies = old
		in(c, mw, func(r *http.Request, s *sessions.Session) {
			if s.Len() != 0 {
				t.Errorf("under the old ID: %v", s.Keys())
			}
		})
	})
}
