//go:build !unix

package bench

import "time"

var start = time.Now()

// spent returns the time that has passed.
func spent() time.Duration { return time.Since(start) }
