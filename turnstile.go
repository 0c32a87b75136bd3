package sessions

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// errBusy is the error of a call that waited too long for another call of the same
// request.
var errBusy = fmt.Errorf("sessions: the session is being saved by another call: a function given to Update must not call Save, Destroy or Transact: %w", context.DeadlineExceeded)

// turnstile is a lock that goroutines get in the order of their calls, for Save,
// Destroy and the like. No goroutine waits for ever: a function given to Update that
// runs within a commit may call Save, which would then wait for itself.
type turnstile struct {
	updating atomic.Int32 // number of functions given to Update that run within a commit

	mu      sync.Mutex // guards the fields below; held for moments only
	taken   bool
	waiting []chan struct{} // in order; each is closed when its goroutine gets the lock
}

// lock waits for the lock, but not longer than wait.
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
		wait /= 8 // the caller is probably such a function
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
		return nil // it got the lock at the last moment
	}
	t.waiting = slices.Delete(t.waiting, i, i+1)
	return errBusy
}

// unlock gives the lock to the goroutine that has waited longest, if there is one.
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
