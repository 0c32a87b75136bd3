package sessions_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/gosessions/sessions"
)

// TestS6_NothingIsLeft: after a backend is closed, its requests leave no goroutine
// behind, and no memory that grows with their number, also if their clients hung up.
func TestS6_NothingIsLeft(t *testing.T) {
	onServers(t, func(t *testing.T, _ sessions.Backend) {}) // starts what is started only once
	serveMany := func(t *testing.T) {
		onServers(t, func(t *testing.T, b sessions.Backend) {
			mw := newMiddleware(t, b, &sessions.Config{IdleTimeout: time.Hour})
			together(8, func(int) {
				c := start(t, mw, routes{"/count": increment(t)})
				for range scale(200) {
					ctx, cancel := context.WithTimeout(t.Context(), rand.N(5*time.Millisecond))
					path := []string{"/count", "/who", "/login", "/same"}[rand.IntN(4)]
					w := httptest.NewRecorder()
					c.handler.ServeHTTP(w, c.request(path).WithContext(ctx))
					cancel()
					if w.Code == http.StatusOK {
						c.keep(w.Result())
					}
				}
				c.get("/destroy")
			})
		})
	}
	measure := func() (goroutines int, heap uint64) {
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return runtime.NumGoroutine(), stats.HeapAlloc
	}
	t.Run("once", serveMany)
	before, heapBefore := measure()
	for range 3 {
		t.Run("again", serveMany)
	}
	after, heapAfter := measure()
	for deadline := time.Now().Add(20 * time.Second); after > before && time.Now().Before(deadline); after, heapAfter = measure() {
		<-time.After(20 * time.Millisecond)
	}
	if after > before {
		stacks := make([]byte, 1<<16)
		t.Errorf("%d goroutines, before there were %d:\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
	}
	if heapAfter > heapBefore+heapBefore/10+1<<20 {
		t.Errorf("%d bytes in use, before there were %d", heapAfter, heapBefore)
	}
}
