package sessions

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// keyedMutex has one lock for each key. With it, commits of this process that
// conflicted on one record run one after the other, so that they compete only with
// other processes.
type keyedMutex struct {
	mu     sync.Mutex // guards locks and their waiting; held for moments only
	locks  map[string]*keyedLock
	number atomic.Int32 // len(locks), so that most commits need not lock mu
}

type keyedLock struct {
	held    chan struct{} // contains one element while the lock is held
	waiting int           // number of goroutines that wait, including the holder
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

// lock waits for the lock of key and returns the function that unlocks it. It waits
// until ctx ends and not longer than wait; after that it returns
// context.DeadlineExceeded.
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
	case l.held <- struct{}{}: // it was unlocked at the last moment
		return func() { <-l.held; done() }, nil
	default:
		done()
		return nil, err
	}
}
