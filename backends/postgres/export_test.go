package postgres

import "runtime"

// Statements are those of the default table that tests look at.
type Statements struct{ Read, Swap, Touch, Sweep string }

// SQL returns the statements of the default table.
func SQL() Statements {
	table, _ := Options{}.table()
	s := newStatements(table, false)
	return Statements{Read: s.read, Swap: s.swap, Touch: s.touch, Sweep: s.sweep}
}

// Hold takes the only slot of b, so that reads and swaps wait until it is released.
func Hold(b *Backend) (release func()) {
	for !b.line.take() { // the last statement may be about to give it back
		runtime.Gosched()
	}
	return b.leave
}

// Waiting returns how many reads and swaps wait.
func Waiting(b *Backend) int {
	b.line.mu.Lock()
	defer b.line.mu.Unlock()
	return len(b.line.queue)
}

// AwaitWaiting returns when so many reads and swaps wait.
func AwaitWaiting(b *Backend, n int) {
	for Waiting(b) != n {
		runtime.Gosched()
	}
}

// MaxShared bounds how many calls share a statement.
const MaxShared = maxShared
