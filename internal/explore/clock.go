package explore

import (
	"sync"
	"testing/synctest"
	"time"
)

// clock tells when every thread is held or over, and lets time pass.
type clock interface {
	settle() // waits until nobody runs any more
	changed()
	sleep(time.Duration)
}

// bubble is the clock of a synctest bubble: time passes only while everybody
// waits, and a thread that waits for another one is noticed.
type bubble struct{}

func (bubble) settle()               { synctest.Wait() }
func (bubble) changed()              {}
func (bubble) sleep(d time.Duration) { time.Sleep(d) }

// wall is the clock of a store outside of this process, whose answers no bubble
// waits for. Threads must not wait for each other but at gates, which means that
// each is a process of its own.
type wall struct {
	w    *world
	mu   sync.Mutex
	cond sync.Cond
}

func newWall(w *world) *wall {
	c := &wall{w: w}
	c.cond.L = &c.mu
	return c
}

func (c *wall) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.still() {
		c.cond.Wait()
	}
}

// still reports whether every thread is held or over.
func (c *wall) still() bool {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	for _, th := range c.w.gates {
		if th.step == nil && !th.over {
			return false
		}
	}
	return true
}

func (c *wall) changed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cond.Broadcast()
}

func (c *wall) sleep(time.Duration) {}
