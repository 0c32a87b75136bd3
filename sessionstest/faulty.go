package sessionstest

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

// ErrInjected is the error that [Faulty] returns by default.
var ErrInjected = errors.New("sessionstest: injected failure")

// Faults say what goes wrong, and with what probability: 0 is never, 1 is
// always. The zero value injects no faults.
type Faults struct {
	Before float64 // fail without any effect
	After  float64 // take effect, and then fail: the caller cannot know
	Panic  float64 // panic, before or after the effect

	// Delay is the maximum delay of an operation, half of it before its effect
	// and half after. A context that ends meanwhile ends the operation.
	Delay time.Duration

	Ops []backends.Op // what these faults concern; nil is every operation
	Err error         // how it fails; nil is ErrInjected
}

// Faulty makes a working backend fail at random:
//
//	faulty := sessionstest.NewFaulty(seed)
//	backend := backends.Intercept(memory.New(nil), faulty.Intercept)
//	faulty.Set(sessionstest.Faults{After: 0.1, Ops: []backends.Op{backends.OpSwap}})
//
// The same seed and the same operations in the same order make the same
// failures. It is safe for concurrent use.
type Faulty struct {
	mu            sync.Mutex
	random        *rand.Rand
	faults        Faults
	before, after int
}

// NewFaulty returns a Faulty without faults: see [Faulty.Set].
func NewFaulty(seed uint64) *Faulty {
	return &Faulty{random: rand.New(rand.NewPCG(seed, 0))}
}

// Set replaces the faults, for operations that begin from now on.
func (f *Faulty) Set(faults Faults) {
	faults.Ops = slices.Clone(faults.Ops)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = faults
}

// Injected returns how many failures were injected before and after the effect
// of an operation. Failures of the backend itself and ended contexts do not
// count.
func (f *Faulty) Injected() (before, after int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.before, f.after
}

// Intercept is a [backends.Interceptor].
func (f *Faulty) Intercept(ctx context.Context, op backends.Op, next func(context.Context) error) error {
	plan := f.plan(op)
	if err := sleep(ctx, plan.delays[0]); err != nil {
		return err
	}
	if plan.before {
		return f.fail(plan, &f.before)
	}
	if err := next(ctx); err != nil {
		return err
	}
	if err := sleep(ctx, plan.delays[1]); err != nil {
		return err
	}
	if plan.after {
		return f.fail(plan, &f.after)
	}
	return nil
}

// plan is what will happen to one operation.
type plan struct {
	before, after, panics bool
	delays                [2]time.Duration
	err                   error
}

func (f *Faulty) plan(op backends.Op) plan {
	f.mu.Lock()
	defer f.mu.Unlock()
	faults := f.faults
	if faults.Ops != nil && !slices.Contains(faults.Ops, op) {
		return plan{}
	}
	p := plan{err: faults.Err}
	if p.err == nil {
		p.err = ErrInjected
	}
	for i := range p.delays {
		p.delays[i] = time.Duration(f.random.Float64() * float64(faults.Delay) / 2)
	}
	p.before = f.random.Float64() < faults.Before
	p.after = f.random.Float64() < faults.After
	if p.panics = f.random.Float64() < faults.Panic; p.panics && !p.before && !p.after {
		p.before = f.random.IntN(2) == 0
		p.after = !p.before
	}
	return p
}

// fail counts a failure and reports it.
func (f *Faulty) fail(p plan, count *int) error {
	f.mu.Lock()
	*count++
	f.mu.Unlock()
	if p.panics {
		panic(p.err) //rules:allow because this is the fault that was asked for
	}
	return p.err
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
