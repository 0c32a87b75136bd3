package process

import (
	"fmt"
	"runtime"
)

// Lasting is a [T] for processes that belong to no single test, but to the whole
// program: failures are kept, and Close undoes everything.
type Lasting struct {
	cleanups []func()
	err      error
}

// Close runs the cleanups, last first.
func (l *Lasting) Close() {
	for len(l.cleanups) > 0 {
		last := len(l.cleanups) - 1
		f := l.cleanups[last]
		l.cleanups = l.cleanups[:last]
		f()
	}
}

// Helper does nothing.
func (l *Lasting) Helper() {}

// Cleanup keeps f for Close.
func (l *Lasting) Cleanup(f func()) { l.cleanups = append(l.cleanups, f) }

// Failed reports whether an error was reported.
func (l *Lasting) Failed() bool { return l.err != nil }

// Name returns a name for messages.
func (l *Lasting) Name() string { return "lasting" }

// Logf does nothing: what matters is an error.
func (l *Lasting) Logf(string, ...any) {}

// Errorf keeps the error.
func (l *Lasting) Errorf(format string, args ...any) { l.err = fmt.Errorf(format, args...) }

// Fatalf keeps the error and ends the attempt.
func (l *Lasting) Fatalf(format string, args ...any) {
	l.Errorf(format, args...)
	runtime.Goexit()
}

// Skipf is a failure too: who asks for a lasting process needs it.
func (l *Lasting) Skipf(format string, args ...any) { l.Fatalf(format, args...) }

// Try runs start and returns the error with which it failed, if it did. What
// was started lives until Close, or as long as the program: the reaper removes
// the rest.
func (l *Lasting) Try(start func(T)) error {
	l.err = nil
	done := make(chan struct{})
	go func() { // Fatalf ends the goroutine
		defer close(done)
		start(l)
	}()
	<-done
	return l.err
}
