package sessions_test

import (
	"fmt"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

// No number of seconds, however odd, makes a session that does not end: not in
// the configuration, not of a handler, and not in a record that was read.
func TestEXP5_OddTimesAreNotForEver(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for _, d := range []time.Duration{math.MaxInt64, math.MinInt64, -1, 1, time.Second - 1, 400*24*time.Hour + 1} {
		for name, config := range map[string]sessions.Config{
			"Lifetime": {Lifetime: d}, "IdleTimeout": {IdleTimeout: d}, "both": {Lifetime: d, IdleTimeout: d},
		} {
			if _, err := sessions.New(memory.New(nil), &config); err == nil {
				t.Errorf("%s of %v: no error", name, d)
			}
		}
		in(newClient(t, nil), newMiddleware(t, memory.New(nil), nil), func(r *http.Request, s *sessions.Session) {
			if err := s.SetLifetime(d); err == nil {
				t.Errorf("SetLifetime(%v): no error", d)
			}
		})
	}

	// What Python, or somebody with a hand in the store, has written. Only a
	// lifetime that is a number of seconds, and longer, is kept.
	numbers := []string{"0", "-1", "0.5", "-0.0", "1", "3600", "1e10", "9e10", "9223372036", "9223372037", "1e18", "1.7e12", "1e308", "-1e308", "1e400", "NaN", "Infinity", "-Infinity",
		"9223372036854775807", "9223372036854775808", "123456789012345678901234567890", "true", "null", `"3600"`, "[1]", "{}"}
	format := serializer.StarsessionsFormat
	for _, lifetime := range numbers {
		for _, created := range numbers {
			synctest.Test(t, func(t *testing.T) {
				b := memory.New(nil)
				defer b.Close()
				mw := newMiddleware(t, b, &sessions.Config{Format: format, IDs: sessions.RawIDs, Lifetime: time.Hour})
				c := start(t, mw, routes{"/count": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
					_, err := visits.Update(s, func(n int) (int, error) { return n + 1, nil })
					check(t, err)
				}})
				id := c.cookies["session"]
				what := fmt.Sprintf("lifetime %s, created %s", lifetime, created)
				data := fmt.Appendf(nil, `{"user": "ada", "__metadata__": {"lifetime": %s, "created": %s, "last_access": %s}}`, lifetime, created, created)
				if _, err := b.Write(t.Context(), id, sessions.Record{Data: data, TTL: 100 * year}); err != nil {
					t.Fatal(err)
				}
				// Two days of use, which no session of an hour lives.
				long := lifetime == "9223372036"
				for range 48 {
					response := c.get("/count")
					if response.StatusCode != 200 {
						t.Fatalf("%s: status %d", what, response.StatusCode)
					}
					for _, cookie := range response.Cookies() {
						if cookie.MaxAge < 0 || cookie.MaxAge > 3600 && !long {
							t.Errorf("%s: Max-Age is %d", what, cookie.MaxAge)
						}
					}
					if record, err := b.Read(t.Context(), c.cookies["session"]); err != nil || record.TTL <= 0 || record.TTL > 2*time.Hour && !long {
						t.Errorf("%s: %v to live, %v", what, record.TTL, err)
					}
					time.Sleep(time.Hour)
				}
				if c.cookies["session"] == id && !long {
					t.Errorf("%s: it lives on", what)
				}
			})
		}
	}
}
