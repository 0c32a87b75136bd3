package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/serializer"
)

// records counts the sessions in b, and the markers of retired IDs.
func records(t *testing.T, b sessions.Backend) (live, markers int) {
	t.Helper()
	switch m := b.(type) {
	case swapOnly:
		b = m.b
	case basic:
		b = m.b
	}
	check(t, backends.Walk(t.Context(), b, func(s backends.Entry) error {
		var content serializer.Content
		err := serializer.Native(serializer.JSON).Unpack(s.Record.Data, &content)
		if content.Retired {
			markers++
		} else {
			live++
		}
		return err
	}))
	return live, markers
}

// The store dies at any operation of a regeneration, before or after it is
// carried out, and is away until the answer. The visitor is told, and is logged
// in all the same when it is back. Only where the ID was retired and the answer to
// that never came can nobody know which token is good: then it is 503, and the
// session is stored once, for as long as it would have lived.
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
				live, markers := records(t, b)
				who := body(c.get("/who"))
				what := fmt.Sprintf("%s: killed at operation %d, carried out %v", name, n, carriedOut)
				if response.StatusCode != want {
					t.Errorf("%s: status %d, want %d", what, response.StatusCode, want)
				}
				if unknown := died && carriedOut && markers == 1; (who == "ada") == unknown || who != "ada" && who != "" || unknown && live != 1 {
					t.Errorf("%s: the token leads to %q, %d records and %d markers", what, who, live, markers)
				}
			}
		}
	}
}

// While the store is down a request costs nobody's time once the breaker has
// opened: of all that come, one in a quarter of a second waits for the store, all
// others are answered at once. When the store is back, so are the sessions.
func TestR38_RequestsDoNotWaitForADeadStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory.New(nil)
		defer m.Close()
		var down atomic.Bool
		b := backends.Intercept(swapOnly{m}, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
			if down.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			return next(ctx)
		})
		mw := newMiddleware(t, b, nil)
		c := start(t, mw, nil)
		down.Store(true)
		var waited, slow atomic.Int32
		together(2000, func(i int) {
			time.Sleep(time.Duration(i) * 10 * time.Millisecond)
			begin := time.Now()
			w := httptest.NewRecorder()
			c.handler.ServeHTTP(w, c.request("/who"))
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
				t.Errorf("request %d: status %d, header %v", i, w.Code, w.Header())
			}
			switch took := time.Since(begin); {
			case took > 2*time.Second:
				slow.Add(1)
			case took > 0 && i > 2*100+5: // two seconds until the first one is known to have failed
				waited.Add(1)
			}
		})
		if waited.Load() > 2000/20 || slow.Load() > 0 {
			t.Errorf("%d of 2000 requests waited for the store, %d of them longer than the timeout", waited.Load(), slow.Load())
		}
		down.Store(false)
		begin := time.Now()
		for body(c.get("/who")) != "ada" {
			if time.Since(begin) > 500*time.Millisecond {
				t.Fatal("half a second after its return the store is not in use")
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}
