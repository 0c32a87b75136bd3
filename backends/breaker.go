package backends

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// BreakerOptions tune a [Breaker]. The zero value is good for a store whose
// calls have a timeout of a few seconds.
type BreakerOptions struct {
	// Failures is how many consecutive failures open the breaker. 0 means 5.
	Failures int

	// Silence is the time without any success that must pass before the breaker
	// opens, so that a store stays in use while only one part of it is down. 0
	// means one second.
	Silence time.Duration

	// Probe is the interval at which an open breaker lets one operation through
	// to see whether the store is back. 0 means 250 milliseconds.
	Probe time.Duration

	// Changed, if not nil, is called when the breaker opens (true) and closes
	// (false), by the operation that caused it. Calls may overlap, and must not
	// block.
	Changed func(open bool)
}

// Breaker returns a backend that fails at once, with [ErrUnavailable], while b
// is down, instead of letting every request wait for its timeout. It has
// exactly b's abilities. Nil options mean the defaults.
//
// Any successful operation closes the breaker, so a store is in use again
// within one probe interval of its return. ErrNotFound, ErrConflict and the
// other answers of a working store are not failures. A timeout is a failure; a
// call that the caller cancels is not. Walk and Sweep may take any time, so
// they are neither counted nor refused.
//
// The middleware puts a breaker around every backend whose [Facts] are neither
// Local nor Stateless.
func Breaker(b Backend, options *BreakerOptions) Backend {
	var br breaker
	if options != nil {
		br.BreakerOptions = *options
	}
	if br.Failures <= 0 {
		br.Failures = 5
	}
	if br.Silence <= 0 {
		br.Silence = time.Second
	}
	if br.Probe <= 0 {
		br.Probe = 250 * time.Millisecond
	}
	br.start = time.Now().Add(-br.Silence) // nothing has succeeded yet
	return Intercept(b, br.run)
}

// breaker counts failures. It has no goroutine and no timer: it acts only when
// an operation asks it. Times are nanoseconds since start.
type breaker struct {
	BreakerOptions
	start time.Time

	failures  atomic.Int64 // in a row
	success   atomic.Int64 // time of the last
	nextProbe atomic.Int64 // while open, when the next operation may pass; 0: closed
}

func (br *breaker) run(ctx context.Context, op Op, next func(context.Context) error) error {
	if op == OpWalk || op == OpSweep {
		return next(ctx)
	}
	if at := br.nextProbe.Load(); at != 0 {
		// One operation takes each turn. Earlier probes may still be waiting: a
		// store that never answers them must not delay the next one.
		now := br.now()
		if now < at || !br.nextProbe.CompareAndSwap(at, now+int64(br.Probe)) {
			return ErrUnavailable
		}
	}
	err := next(ctx)
	switch {
	case healthy(err):
		br.succeeded()
	case errors.Is(err, context.Canceled) || errors.Is(ctx.Err(), context.Canceled):
		// The caller gave up, which says nothing about the store.
	default:
		br.failed()
	}
	return err
}

// healthy reports whether err is an answer of a working store.
func healthy(err error) bool {
	if err == nil {
		return true
	}
	for _, answer := range []error{ErrNotFound, ErrConflict, ErrTooLarge, ErrSubjectLimit, errors.ErrUnsupported} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

func (br *breaker) now() int64 { return max(1, int64(time.Since(br.start))) }

func (br *breaker) succeeded() {
	br.success.Store(br.now())
	if br.failures.Load() != 0 {
		br.failures.Store(0)
	}
	if br.nextProbe.Load() != 0 && br.nextProbe.Swap(0) != 0 && br.Changed != nil {
		br.Changed(false)
	}
}

func (br *breaker) failed() {
	if br.failures.Add(1) < int64(br.Failures) || br.nextProbe.Load() != 0 {
		return
	}
	now := br.now()
	if now-br.success.Load() < int64(br.Silence) {
		return
	}
	if br.nextProbe.CompareAndSwap(0, now+int64(br.Probe)) && br.Changed != nil {
		br.Changed(true)
	}
}
