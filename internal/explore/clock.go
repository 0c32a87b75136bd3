package explore

import (
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing/synctest"
	"time"
)

// clock tells when every thread is held or over, and lets time pass.
type clock interface {
	settle() // waits until no thread is running
	changed()
	sleep(time.Duration)
}

// bubble is the clock of a synctest bubble. Time passes only while all
// goroutines wait, and synctest notices a thread that waits for another one.
type bubble struct{}

func (bubble) settle()               { synctest.Wait() }
func (bubble) changed()              {}
func (bubble) sleep(d time.Duration) { time.Sleep(d) }

// locks is the clock of a bubble in which threads wait for each other's locks.
// To synctest such a thread is running, so this clock looks at the goroutines'
// stacks.
type locks struct {
	bubble
	w *world
}

func (c locks) settle() {
	for i := 1; !c.w.still(); i++ {
		runtime.Gosched()
		if i%64 == 0 && len(c.w.waiting(waitStates)) == c.w.underWay() {
			return
		}
	}
}

// The states, in a stack trace, of a goroutine that waits for another one.
var (
	waitStates = []string{"sync.Mutex.Lock", "sync.RWMutex", "chan receive", "chan send", "select", "sync.Cond.Wait"}
	lockStates = waitStates[:2]
)

// waiting returns the stacks of the threads that are in one of states, and not
// held.
func (w *world) waiting(states []string) []string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for _, stack := range strings.Split(string(buf), "\n\n") {
		for _, th := range w.gates {
			rest, ok := strings.CutPrefix(stack, "goroutine "+th.goroutine+" [")
			if !ok || th.step != nil || th.over {
				continue
			}
			for _, state := range states {
				if strings.HasPrefix(rest, state) {
					list = append(list, th.name+" "+summary(stack))
				}
			}
		}
	}
	return list
}

// summary returns the functions of a stack that are of this module.
func summary(stack string) string {
	var list []string
	for _, line := range strings.Split(stack, "\n") {
		name, ok := strings.CutPrefix(line, "github.com/gosessions/")
		if ok && !strings.HasPrefix(name, "sessions/internal/explore.") {
			name, _, _ = strings.Cut(name, "(0x")
			list = append(list, name)
		}
	}
	return "in " + strings.Join(list[:min(len(list), 8)], " < ")
}

// current returns the number of this goroutine.
func current() string {
	buf := make([]byte, 64)
	text := string(buf[:runtime.Stack(buf, false)])
	number, _, _ := strings.Cut(strings.TrimPrefix(text, "goroutine "), " ")
	if _, err := strconv.Atoi(number); err != nil {
		return "unknown"
	}
	return number
}

// still reports whether every thread is held or over.
func (w *world) still() bool { return w.underWay() == 0 }

// underWay returns how many threads are neither held nor over.
func (w *world) underWay() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, th := range w.gates {
		if th.step == nil && !th.over {
			n++
		}
	}
	return n
}

// wall is the clock for a store outside of this process, whose answers a bubble
// cannot wait for. Threads may wait for each other only at gates, so each of
// them is a process of its own.
type wall struct {
	w    *world
	mu   sync.Mutex
	cond *sync.Cond
}

func newWall(w *world) *wall {
	c := &wall{w: w}
	c.cond = sync.NewCond(&c.mu)
	return c
}

func (c *wall) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.w.still() {
		c.cond.Wait()
	}
}

func (c *wall) changed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cond.Broadcast()
}

func (c *wall) sleep(time.Duration) {}
