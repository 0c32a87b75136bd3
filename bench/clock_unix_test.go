//go:build unix

package bench

import (
	"syscall"
	"time"
)

// spent returns the processor time of this process, which does not count what other
// programs do meanwhile.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
