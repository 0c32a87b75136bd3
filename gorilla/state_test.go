package gorilla

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// TestStatesEnd: a store forgets a session when the program does.
func TestStatesEnd(t *testing.T) {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	store := NewStore(nil, nil)
	count := func() (n int) {
		store.states.m.Range(func(_, _ any) bool { n++; return true })
		return n
	}
	mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for range 100 {
			if _, err := store.New(r, "app"); err != nil {
				t.Error(err)
			}
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); count() > 0; <-tick.C {
		if runtime.GC(); time.Now().After(deadline) {
			t.Fatalf("the store still knows %d sessions", count())
		}
	}
}
