package bench

import (
	"syscall"
	"time"
)

// spent returns the processor time of this thread, which does not count what
// other programs do meanwhile.
func spent() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
