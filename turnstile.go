package sessions

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// errBusy is why a call gave up waiting for another one of the same request.
var errBusy = fmt.Errorf("sessions: the session is being saved by another call: a function given to Update must not call Save, Destroy or Transact: %w", context.DeadlineExceeded)

// turnstile lets one call of Save, Destroy or the like through at a time, in the
// order in which they came. It never blocks for ever: the caller may be a function
// given to Update that runs within a commit, which then waits for itself.
type turnstile struct {
	updating atomic.Int32 // functions that run within a commit

	mu      sync.Mutex // held for moments only
	taken   bool
	waiting []chan struct{} // each is closed when its turn has come
}

// lock waits for its turn, but not longer than wait.
func (t *turnstile) lock(wait time.Duration) error {
	t.mu.Lock()
	if !t.taken {
		t.taken = true
		t.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	t.waiting = append(t.waiting, turn)
	t.mu.Unlock()
	if t.updating.Load() > 0 {
		wait /= 8 // the caller is most likely that function
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-turn:
		return nil
	case <-timer.C:
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.waiting, turn)
	if i < 0 {
		return nil // the turn came at the last moment
	}
	t.waiting = slices.Delete(t.waiting, i, i+1)
	return errBusy
}

// unlock hands the turn on.
func (t *turnstile) unlock() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.taken = false
		return
	}
	close(t.waiting[0])
	t.waiting = slices.Delete(t.waiting, 0, 1)
}
