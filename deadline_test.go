package sessions_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

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

// TestEXP2_StatelessDeadlines: a stateless backend enforces the deadlines that its
// tokens can hold: the one from creation, that of one session, and the idle timeout.
func TestEXP2_StatelessDeadlines(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		name   string
		config sessions.Config
		set    time.Duration   // SetLifetime
		visits []time.Duration // since creation
		dead   time.Duration
	}{
		{"lifetime", sessions.Config{Lifetime: 10 * day}, 0, []time.Duration{9 * day}, 10 * day},
		{"shorter by itself", sessions.Config{Lifetime: 10 * day}, day, []time.Duration{23 * time.Hour}, day},
		{"longer by itself", sessions.Config{Lifetime: 10 * day}, 30 * day, []time.Duration{9 * day, 20 * day, 29 * day}, 30 * day},
		{"idle", sessions.Config{Lifetime: 10 * day, IdleTimeout: day}, 0, []time.Duration{23 * time.Hour, 46 * time.Hour}, 70 * time.Hour},
		{"used, and still over", sessions.Config{Lifetime: 2 * day, IdleTimeout: day}, 0, []time.Duration{23 * time.Hour, 46 * time.Hour, 2*day - 2*time.Second}, 2 * day},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mw := newMiddleware(t, cookie.New(cookie.Encrypted(secret)), &tt.config)
				begin := time.Now().Truncate(time.Second)
				c := newClient(t, nil)
				in(c, mw, func(r *http.Request, s *sessions.Session) {
					check(t, user.Set(s, "ada"))
					if tt.set > 0 {
						check(t, s.SetLifetime(tt.set))
					}
				})
				who := func() (name string) {
					in(c, mw, func(r *http.Request, s *sessions.Session) { name, _ = user.Get(s) })
					return name
				}
				for _, at := range tt.visits {
					time.Sleep(time.Until(begin.Add(at)))
					if who() != "ada" {
						t.Fatalf("after %v: dead", at)
					}
				}
				kept := fmt.Sprint(c.cookies)
				time.Sleep(time.Until(begin.Add(tt.dead)))
				if who() != "" {
					t.Errorf("after %v: alive with %.60s", tt.dead, kept)
				}
			})
		})
	}
}

// TestS4_EndsAreExact: a session ends exactly at its deadline, to the tick of the
// clock of store and format: not before it, and not after it.
func TestS4_EndsAreExact(t *testing.T) {
	const lifetime, idle = time.Hour, 10 * time.Minute
	native := func() sessions.Backend { return memory.New(nil) }
	sealed := func() sessions.Backend { return cookie.New(cookie.Encrypted(secret)) }
	for _, tt := range []struct {
		name   string
		open   func() sessions.Backend
		config sessions.Config
		use    []time.Duration // since the session began
		end    time.Duration
		tick   time.Duration
	}{
		{"absolute", native, sessions.Config{Lifetime: lifetime}, nil, lifetime, 1},
		{"absolute, used", native, sessions.Config{Lifetime: lifetime}, []time.Duration{lifetime / 2, lifetime - 1}, lifetime, 1},
		{"idle", native, sessions.Config{Lifetime: lifetime, IdleTimeout: idle}, nil, idle, 1},
		{"idle, used", native, sessions.Config{Lifetime: lifetime, IdleTimeout: idle}, []time.Duration{9 * time.Minute, 18 * time.Minute}, 28 * time.Minute, 1},
		{"idle, used within the window", native, sessions.Config{Lifetime: lifetime, IdleTimeout: idle}, []time.Duration{time.Minute}, idle, 1},
		{"idle up to the absolute end", native, sessions.Config{Lifetime: 15 * time.Minute, IdleTimeout: idle}, []time.Duration{9 * time.Minute}, 15 * time.Minute, 1},
		{"sealed, absolute", sealed, sessions.Config{Lifetime: lifetime}, nil, lifetime, time.Millisecond},
		{"sealed, idle", sealed, sessions.Config{Lifetime: lifetime, IdleTimeout: idle}, []time.Duration{9 * time.Minute}, 19 * time.Minute, time.Millisecond},
		{"flask", func() sessions.Backend { return cookie.New(cookie.Flask(secret)) }, sessions.Config{Lifetime: lifetime}, nil, lifetime + time.Second, 1},
	} {
		for _, late := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				c := start(t, newMiddleware(t, tt.open(), &tt.config), nil)
				for _, at := range tt.use {
					time.Sleep(time.Until(begin.Add(at)))
					if got := body(c.get("/who")); got != "ada" {
						t.Fatalf("%s: not found after %v", tt.name, at)
					}
				}
				at, want := tt.end-tt.tick, "ada"
				if late {
					at, want = tt.end, ""
				}
				time.Sleep(time.Until(begin.Add(at)))
				if got := body(c.get("/who")); got != want {
					t.Errorf("%s: after %v: got %q, want %q", tt.name, at, got, want)
				}
			})
		}
	}
}

// TestRES3_EXP1_NothingRenewsWhatHasExpired: a session that expires while a request
// uses it has ended: no change, new ID or longer lifetime brings it back, and no
// cookie is sent.
func TestRES3_EXP1_NothingRenewsWhatHasExpired(t *testing.T) {
	for name, f := range map[string]func(s *sessions.Session) error{
		"a change":          func(s *sessions.Session) error { return s.Set("late", true) },
		"a new ID":          func(s *sessions.Session) error { return s.RegenerateID() },
		"a longer lifetime": func(s *sessions.Session) error { return s.SetLifetime(1000 * time.Hour) },
		"remember me":       func(s *sessions.Session) error { return s.SetPersistent(false) },
		"an owner":          func(s *sessions.Session) error { return s.SetSubject("ada") },
		"use":               func(s *sessions.Session) error { return nil },
	} {
		for end, config := range map[string]sessions.Config{
			"absolute": {Lifetime: time.Hour},
			// A request under way counts as use, unless NoTouch says otherwise.
			"idle": {Lifetime: 10 * time.Hour, IdleTimeout: time.Hour, NoTouch: sessions.Always},
		} {
			t.Run(name+"/"+end, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					for kind, b := range variants(t) {
						c := start(t, newMiddleware(t, b, &config), routes{
							"/slow": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
								time.Sleep(time.Hour)
								check(t, f(s))
							},
						})
						want := http.StatusConflict
						if name == "use" {
							want = http.StatusOK
						}
						if response := c.get("/slow"); response.StatusCode != want || len(response.Cookies()) != 0 {
							t.Errorf("%s: status %d, cookies %v, want %d and none", kind, response.StatusCode, response.Cookies(), want)
						}
						if got := body(c.get("/who")); got != "" {
							t.Errorf("%s: it is back: %q", kind, got)
						}
						if got := left(t, b); got != 0 {
							t.Errorf("%s: %d records are left", kind, got)
						}
					}
				})
			})
		}
	}
}

// TestEXP5_OddTimesAreNotForEver: no number of seconds makes a session that does not
// end: not in the configuration, not from a handler, and not in a record.
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

	// Python, or someone with access to the store, has written these records.
	// Only a lifetime that is a number of seconds, and longer, is kept.
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
				// The session is used for two days, which none of an hour survives.
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
					t.Errorf("%s: it has not ended", what)
				}
			})
		}
	}
}
