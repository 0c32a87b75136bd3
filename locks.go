package sessions

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// keyedMutex has one lock for each key. The commits of this process that
// conflicted on one record take turns with it, so that only processes compete.
type keyedMutex struct {
	mu     sync.Mutex // held for map accesses only
	locks  map[string]*keyedLock
	number atomic.Int32 // of locks, for the many commits that need none
}

type keyedLock struct {
	held    chan struct{} // holds one element while the lock is held
	waiting int           // holder included
}

// contended reports whether a commit holds the lock of key, or waits for it.
func (m *keyedMutex) contended(key string) bool {
	if m.number.Load() == 0 {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.locks[key] != nil
}

// lock waits for the lock of key, for as long as ctx and wait allow, and returns
// the function that unlocks it. It returns context.DeadlineExceeded if the time
// is over.
func (m *keyedMutex) lock(ctx context.Context, key string, wait time.Duration) (unlock func(), err error) {
	m.mu.Lock()
	if m.locks == nil {
		m.locks = make(map[string]*keyedLock)
	}
	l := m.locks[key]
	if l == nil {
		l = &keyedLock{held: make(chan struct{}, 1)}
		m.locks[key] = l
		m.number.Add(1)
	}
	l.waiting++
	m.mu.Unlock()

	done := func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if l.waiting--; l.waiting == 0 {
			delete(m.locks, key)
			m.number.Add(-1)
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case l.held <- struct{}{}:
		return func() { <-l.held; done() }, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = context.DeadlineExceeded
	}
	select {
	case l.held <- struct{}{}: // at the last moment
		return func() { <-l.held; done() }, nil
	default:
		done()
		return nil, err
	}
}
