package sessions_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
)

// TestClocks_ATokenFromAnInstanceThatIsAheadIsKept lets a session be made at a
// later time than that of the instance that reads it. Behind what is tolerated a
// token is still refused.
func TestClocks_ATokenFromAnInstanceThatIsAheadIsKept(t *testing.T) {
	const secret = "4a0c7c8e92f3416fa7e1d6b0937d5b2e"
	for name, codec := range map[string]func() cookie.Codec{
		"encrypted":       func() cookie.Codec { return cookie.Encrypted(secret) },
		"jwt":             func() cookie.Codec { return cookie.JWT(secret) },
		"flask":           func() cookie.Codec { return cookie.Flask(secret) },
		"starlette":       func() cookie.Codec { return cookie.Starlette(secret) },
		"starsessions":    func() cookie.Codec { return cookie.Starsessions(time.Hour, secret) },
		"starlette-flask": func() cookie.Codec { return cookie.StarletteFlask(secret) },
	} {
		for _, tt := range []struct {
			ahead, skew time.Duration
			want        bool
		}{
			{ahead: 5 * time.Millisecond, want: true},
			{ahead: time.Second, want: true},
			{ahead: 5 * time.Second, want: true},
			{ahead: 5 * time.Second, skew: time.Second, want: true},
			{ahead: 7 * time.Second, want: name == "starlette-flask"}, // which knows no age
			{ahead: 7 * time.Second, skew: 8 * time.Second, want: true},
		} {
			cookies := cookiesFromAhead(t, codec(), tt.ahead)
			synctest.Test(t, func(t *testing.T) {
				mw := newMiddleware(t, cookie.New(codec()), &sessions.Config{ClockSkew: tt.skew})
				var got string
				c := newClient(t, serve(t, mw, routes{"/": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
					got, _ = user.Get(s) // it has none where the token is refused
				}}))
				c.cookies = cookies
				response := c.get("/")
				if kept := got == "Alice" && response.StatusCode == http.StatusOK; kept != tt.want {
					t.Errorf("%s, %v ahead, a skew of %v: the session is found: %v, want %v", name, tt.ahead, tt.skew, kept, tt.want)
				}
				if len(response.Cookies()) > 0 && tt.want {
					t.Errorf("%s, %v ahead: the response replaces the cookie", name, tt.ahead)
				}
			})
		}
	}
}

// cookiesFromAhead returns the cookies that an instance sets whose clock is
// ahead.
func cookiesFromAhead(t *testing.T, codec cookie.Codec, ahead time.Duration) (cookies map[string]string) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(ahead)
		c := newClient(t, serve(t, newMiddleware(t, cookie.New(codec), nil), routes{"/": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
			if err := user.Set(s, "Alice"); err != nil {
				t.Error(err)
			}
		}}))
		c.get("/")
		cookies = c.cookies
	})
	return cookies
}
