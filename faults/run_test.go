package faults_test

import (
	"sync/atomic"
	"testing"
	"time"
)

// fault is something that is broken and mended again while the users work.
type fault struct {
	name string
	// strike breaks and mends.
	strike func(w *world)
	// mustRefuse tells that requests fail while it lasts: if none does, it was
	// not struck.
	mustRefuse bool
	// mayRefuse is the greatest share of requests that may fail, on a machine
	// that is not busy with something else: there a statement takes so long that
	// it meets the next blow as well.
	mayRefuse float64
}

// patience is how late timers are on a machine that is not too busy.
const patience = 25 * time.Millisecond

// long is how long a fault lasts: so long in CI, and so long otherwise.
func long(full time.Duration) time.Duration {
	if testing.Short() {
		return min(full, 2*time.Second)
	}
	return full
}

// run lets the users work, strikes, lets them go on, and judges.
func (w *world) run(f fault) {
	w.t.Helper()
	w.start()
	w.warmUp()
	refused, operations := w.refused.Load(), w.operations.Load()
	f.strike(w)
	w.faults.CompareAndSwap(0, 1)
	noticed := time.Now().Add(time.Second) // by every instance
	w.heal()
	w.onceMore()
	time.Sleep(time.Until(noticed))
	w.stop()
	w.wait.Wait()
	refused, operations = w.refused.Load()-refused, w.operations.Load()-operations
	for _, u := range w.users {
		u.verify()
	}
	if f.mustRefuse && refused == 0 {
		w.t.Error("no request failed: the fault was none")
	}
	late := time.Duration(w.lateness.Load())
	if share := float64(refused) / float64(operations); share > f.mayRefuse && late < patience {
		w.t.Errorf("%.1f %% of the requests failed, more than %.1f %%", 100*share, 100*f.mayRefuse)
	}
	row := figures{
		fault:         f.name,
		operations:    w.operations.Load(),
		faults:        w.faults.Load(),
		refused:       w.refused.Load(),
		conflicts:     w.conflicts.Load(),
		lost:          w.lost(),
		resurrections: w.count(noResurrection),
		recovery:      w.slowestRecovery,
		slowest:       time.Duration(w.slowest.Load()),
		remark:        w.remark,
	}
	w.t.Log(row)
	if w.breaks == "" {
		row.keep()
	}
}

// recovery is the end of a fault, and what came after it.
type recovery struct {
	mended time.Time
	took   atomic.Int64 // until the first success; 0: there was none yet
}

// heal notes that a fault has ended, and waits for the first success: I6. A
// strike that breaks things several times calls it itself.
func (w *world) heal() {
	r := &recovery{mended: time.Now()}
	w.recovery.Store(r)
	for end := r.mended.Add(15 * time.Second); r.took.Load() == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	took := time.Duration(r.took.Load())
	w.slowestRecovery = max(w.slowestRecovery, took)
	if limit := time.Second + time.Duration(w.lateness.Load()); took == 0 || took > limit {
		w.broken(quickRecovery, "the first success came after %v (0: never)", took)
	}
}

// noteSuccess is the half of I6 that a request shows.
func (w *world) noteSuccess(started time.Time) {
	if r := w.recovery.Load(); r != nil && started.After(r.mended) {
		r.took.CompareAndSwap(0, int64(time.Since(r.mended)))
	}
}

// warmUp waits until everybody has a session and writes to it without failure.
// A machine that is busy with something else gets time for that; a backend that is
// broken on purpose may fail at once.
func (w *world) warmUp() {
	w.t.Helper()
	for range 10 {
		refused := w.refused.Load()
		if w.everybodyWrites(10*time.Second) && (w.refused.Load() == refused || w.breaks != "") {
			return
		}
	}
	w.t.Fatal("not everybody gets to work before the fault")
}

// onceMore waits until everybody has written again after the fault.
func (w *world) onceMore() {
	if !w.everybodyWrites(10 * time.Second) {
		w.broken(quickRecovery, "ten seconds after the fault not everybody can work")
	}
}

func (w *world) everybodyWrites(within time.Duration) bool {
	before := make([]int64, len(w.users))
	for i, u := range w.users {
		before[i] = u.written.Load()
	}
	end := time.Now().Add(within)
	for i, u := range w.users {
		for u.written.Load() < before[i]+5 {
			if time.Now().After(end) {
				return false
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	return true
}

// lost counts acknowledged updates, and sessions.
func (w *world) lost() int { return w.count(noLostUpdate) + w.count(cookieSurvives) }

// written returns how many commits were acknowledged.
func (w *world) written() (n int64) {
	for _, u := range w.users {
		n += u.written.Load()
	}
	return n
}
