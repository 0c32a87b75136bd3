package sessions_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// counted counts the operations of a backend.
func counted(b sessions.Backend) (sessions.Backend, map[backends.Op]int) {
	calls := map[backends.Op]int{}
	return backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		calls[op]++
		return next(ctx)
	}), calls
}

// Polling writes the store once in the touch window, a tenth of the idle time
// and at most a minute, and not with every request; the session lives on all the
// same. Nine of ten writes are saved wherever there are ten requests in a window.
func TestR26_PollingIsNoWriting(t *testing.T) {
	for _, tt := range []struct {
		idle, every, window time.Duration
	}{
		{time.Hour, time.Second, time.Minute},
		{time.Hour, 5 * time.Second, time.Minute},
		{5 * time.Minute, time.Second, 30 * time.Second},
		{time.Minute, 500 * time.Millisecond, 6 * time.Second},
		{time.Hour, 10 * time.Minute, time.Minute}, // rare use is recorded every time
	} {
		synctest.Test(t, func(t *testing.T) {
			m := memory.New(nil)
			defer m.Close()
			b, calls := counted(m)
			c := start(t, newMiddleware(t, b, &sessions.Config{IdleTimeout: tt.idle}), nil)
			clear(calls)
			const polls = 1000
			for range polls {
				time.Sleep(tt.every)
				if got := body(c.get("/who")); got != "ada" {
					t.Fatalf("every %v: ended by its idle timeout", tt.every)
				}
			}
			most := min(int(polls*tt.every/tt.window)+1, polls)
			if got := calls[backends.OpTouch]; got > most || got < most*9/10 || calls[backends.OpSwap]+calls[backends.OpWrite] > 0 {
				t.Errorf("idle %v, polled every %v: %v, want %d touches", tt.idle, tt.every, calls, most)
			}
		})
	}
}

// The end comes when it was said, to the tick of the clock that the store and the
// format have: not before, and not after.
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

// A retired ID is remembered for a minute: until then nothing is stored for a
// request that carries it, and then it is an unknown one.
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
