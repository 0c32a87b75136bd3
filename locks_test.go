package sessions_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// TestDOS7_TheWaitForATurnIsBounded: a commit waits for a record's lock no longer than
// a commit may take, however long another one holds the lock, and no lock is left
// afterwards.
func TestDOS7_TheWaitForATurnIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const waiting, timeout = 50, 3 * time.Second
		m := memory.New(nil)
		defer m.Close()
		stuck := false
		var slow atomic.Bool // the next swap takes two seconds
		var turns atomic.Int32
		b := backends.Intercept(swapOnly{m}, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
			if op == backends.OpSwap && slow.CompareAndSwap(true, false) {
				time.Sleep(2 * time.Second)
			}
			if stuck && op == backends.OpRead { // the read after a conflict
				if turns.Add(1) > 1 {
					t.Error("two commits have the turn at once")
				}
				defer turns.Add(-1)
				<-ctx.Done()
				return ctx.Err()
			}
			return next(ctx)
		})
		mw := newMiddleware(t, b, &sessions.Config{Timeout: timeout, DisableBreaker: true})
		loaded, changed := make(chan bool), make(chan bool)
		c := start(t, mw, nil)
		change := func(begin time.Duration) {
			var began time.Time
			w := httptest.NewRecorder()
			mw.Handler(handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				check(t, second(visits.Update(s, one)))
				loaded <- true
				<-changed
				time.Sleep(begin)
				began = time.Now()
			})).ServeHTTP(w, c.request("/"))
			// 503: it held the lock, and the backend did not answer.
			if took := time.Since(began); took == 0 || took > timeout || w.Code != http.StatusConflict && w.Code != http.StatusServiceUnavailable {
				t.Errorf("status %d after %v, want 409 or 503 within %v", w.Code, took, timeout)
			}
		}
		var all sync.WaitGroup
		all.Go(func() { change(0) }) // is the last to wait, with a second left
		for range waiting {
			all.Go(func() { change(time.Second) })
		}
		for range waiting + 1 {
			<-loaded
		}
		c.get("/other")
		stuck = true
		slow.Store(true)
		close(changed)
		all.Wait()

		stuck = false
		began := time.Now()
		together(waiting, func(int) {
			w := httptest.NewRecorder()
			if c.handler.ServeHTTP(w, c.request("/other")); w.Code != http.StatusOK {
				t.Errorf("afterwards: status %d", w.Code)
			}
		})
		if took := time.Since(began); took != 0 {
			t.Errorf("afterwards a commit waited for %v", took)
		}
	})
}
