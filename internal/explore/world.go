package explore

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

// world is one run: threads that are held at gates, and the clock.
type world struct {
	clock   clock
	gates   []*thread // in the order in which they were started
	budget  int       // faults that may still happen
	kinds   []Fault
	closing bool
	whole   bool     // operations are one step each
	locked  []string // threads that wait for a lock that will never be released

	mu    sync.Mutex // guards the threads' state if there is no bubble
	names map[string]string
	taken []taken
}

// taken is a step that was taken, for the report.
type taken struct {
	turn Turn
	step Step
}

// thread is one goroutine of a request.
type thread struct {
	w       *world
	name    string
	process int
	resume  chan Fault

	goroutine string // its number, where the clock asks

	// Guarded by w.mu.
	step   *Step // where it is held; nil: it runs, waits, or is over
	over   bool
	dead   bool          // its process was killed
	cut    bool          // its next step is refused
	asleep chan struct{} // it will wait for its deadline when it continues; closed when that has passed
	lag    time.Duration // how long its own store kept it waiting without a deadline
	fresh  bool          // it has not taken a step of its current operation yet

	begun, ended time.Time
}

type threadKey struct{}

// opWait is the step of a thread that waits for a deadline.
const opWait = "wait for the deadline"

// start runs f as a thread that is held at the gates of the context it gets.
func (w *world) start(ctx context.Context, name string, process int, f func(context.Context)) *thread {
	th := &thread{w: w, name: name, process: process, resume: make(chan Fault), begun: time.Now()}
	w.mu.Lock()
	w.gates = append(w.gates, th)
	w.mu.Unlock()
	go func() {
		defer func() {
			w.mu.Lock()
			th.over, th.ended = true, time.Now()
			w.mu.Unlock()
			w.clock.changed()
		}()
		if _, ok := w.clock.(locks); ok {
			w.mu.Lock()
			th.goroutine = current()
			w.mu.Unlock()
		}
		f(context.WithValue(ctx, threadKey{}, th))
	}()
	return th
}

// gate returns the [Gate] of a store. It does not hold goroutines that are not
// threads.
func (w *world) gate(store string) Gate {
	return func(ctx context.Context, step Step, next func(context.Context) error) error {
		th, ok := ctx.Value(threadKey{}).(*thread)
		if !ok {
			return next(ctx)
		}
		step.Store = store
		fault := th.hold(step)
		if th.cut {
			th.cut, fault = false, Refused
		}
		switch fault {
		case Refused:
			return errFault
		case Silent:
			if err := th.waitFor(ctx, step); err != nil {
				return err
			}
			return errFault
		}
		inner := ctx
		th.fresh = true
		if !w.whole && severalSteps(step.Op) {
			inner = &stepping{ctx, th, step}
		}
		err := next(inner)
		switch fault {
		case Cut:
			th.cut = true
			return errFault
		case Lost:
			return errFault
		case Late:
			if late := th.waitFor(ctx, step); late != nil {
				return late
			}
		case KilledAfter:
			th.hold(step)
		}
		return err
	}
}

// hold waits for the thread's turn, and ends the thread when the run is over.
func (th *thread) hold(step Step) Fault {
	fault := th.wait(step)
	if fault == abort {
		runtime.Goexit()
	}
	return fault
}

// wait is hold but returns abort when the run is over.
func (th *thread) wait(step Step) Fault {
	w := th.w
	w.mu.Lock()
	if w.closing {
		w.mu.Unlock()
		return abort
	}
	th.step = &step
	w.mu.Unlock()
	w.clock.changed()
	return <-th.resume
}

// waitFor waits until ctx ends or, if ctx has no deadline, for a long time. It
// is a turn of its own, in which time passes for all threads.
func (th *thread) waitFor(ctx context.Context, step Step) error {
	passed := make(chan struct{})
	th.w.mu.Lock()
	th.asleep = passed
	th.w.mu.Unlock()
	th.hold(Step{Op: opWait, Store: step.Store, Reads: step.Reads, Writes: []string{All}})
	defer close(passed)
	timer := time.NewTimer(ages)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		th.lag += ages
		return nil
	}
}

// ages is how long a slow step of a store takes if there is no deadline.
const ages = 30 * time.Second

// stepping is a context that holds its thread whenever it is asked whether it
// has ended. A backend in this process asks that before each step of an
// operation that has several steps, so the explorer can separate the steps
// although the backend has no hooks for tests.
type stepping struct {
	context.Context
	th   *thread
	step Step
}

func (s *stepping) Err() error {
	step := s.step
	step.Inner = true
	s.th.hold(step)
	return s.Context.Err()
}

// Pause holds the thread to which ctx belongs before the second and each later
// request of an operation. A store's client calls it before each request to the
// server. A context that belongs to no thread is not held.
func Pause(ctx context.Context, name string) {
	th, ok := ctx.Value(threadKey{}).(*thread)
	switch {
	case !ok:
	case th.fresh:
		th.fresh = false
	default:
		// When the run is over the client goes on to the end of the operation: it
		// may hold a connection that it has to give back.
		th.wait(Step{Op: backends.Op(name), Inner: true, Writes: []string{All}})
	}
}

// alternatives returns what can be done next.
func (w *world) alternatives() []choice {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []choice
	for i, th := range w.gates {
		if th.step == nil || th.dead {
			continue
		}
		step := w.rename(*th.step)
		list = append(list, choice{i, None, step})
		if w.budget == 0 || step.Op == opWait || th.cut {
			continue
		}
		for _, fault := range w.kinds {
			if !step.Inner || fault == Killed {
				list = append(list, choice{i, fault, step})
			}
		}
	}
	return list
}

// rename replaces the IDs in step with names that are the same in every run.
func (w *world) rename(step Step) Step {
	names := func(ids []string) []string {
		list := make([]string, len(ids))
		for i, id := range ids {
			list[i] = w.nameOf(id)
		}
		return list
	}
	step.Reads, step.Writes = names(step.Reads), names(step.Writes)
	return step
}

func (w *world) nameOf(id string) string {
	if id == All {
		return All
	}
	if w.names[id] == "" {
		w.names[id] = "r" + string(rune('0'+len(w.names)))
	}
	return w.names[id]
}

// take lets a thread continue.
func (w *world) take(c choice) {
	w.mu.Lock()
	th := w.gates[c.thread]
	w.taken = append(w.taken, taken{Turn{th.name, c.fault}, c.step})
	passed := th.asleep
	if c.fault != None {
		w.budget--
	}
	if c.fault == Killed || c.fault == KilledAfter {
		for _, other := range w.gates {
			other.dead = other.dead || other.process == th.process
		}
	}
	if c.fault == Killed {
		w.mu.Unlock()
		return
	}
	th.step, th.asleep = nil, nil
	w.mu.Unlock()
	th.resume <- c.fault
	if c.step.Op == opWait && passed != nil {
		w.pass(passed)
	}
}

// pass lets time pass until passed is closed. Time in which a thread is held
// does not count as its own waiting.
func (w *world) pass(passed <-chan struct{}) {
	start := time.Now()
	var held []*thread
	w.mu.Lock()
	for _, th := range w.gates {
		if th.step != nil {
			held = append(held, th)
		}
	}
	w.mu.Unlock()
	<-passed
	for _, th := range held {
		th.lag += time.Since(start)
	}
}

// run lets one thread at a time continue, as choose decides, until all of them
// have ended or choose returns -1. It returns false if a thread waits forever.
func (w *world) run(choose func([]choice) int) (ended bool) {
	waited := time.Duration(0)
	for range maxSteps {
		w.clock.settle()
		list := w.alternatives()
		if len(list) == 0 {
			if w.allOver() {
				return true
			}
			if _, ok := w.clock.(locks); ok {
				if w.locked = w.waiting(lockStates); len(w.locked) > 0 {
					return false
				}
			}
			// A thread waits for a turn, or for a deadline.
			if waited += pause; waited > 2*ages {
				return false
			}
			w.clock.sleep(pause)
			continue
		}
		i := choose(list)
		if i < 0 {
			return true
		}
		w.take(list[i])
	}
	return false
}

const (
	pause    = 250 * time.Millisecond
	maxSteps = 150 // ten times what the longest requests need
)

// severalSteps reports whether a backend takes several atomic steps for op.
func severalSteps(op backends.Op) bool {
	return op == backends.OpList || op == backends.OpRevoke || op == backends.OpTrim
}

func (w *world) allOver() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !slices.ContainsFunc(w.gates, func(th *thread) bool { return !th.over && !th.dead })
}

// close ends the threads that are still running.
func (w *world) close() {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	for {
		w.clock.settle()
		var held []*thread
		over := true
		w.mu.Lock()
		for _, th := range w.gates {
			over = over && th.over
			if th.step != nil {
				held = append(held, th)
				th.step = nil
			}
		}
		w.mu.Unlock()
		if over {
			return
		}
		for _, th := range held {
			th.resume <- abort
		}
		if len(held) == 0 {
			w.clock.sleep(pause)
		}
	}
}
