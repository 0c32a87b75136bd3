package timing_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/gosessions/sessions/internal/timing"
)

var sink bool

// TestS5_EarlyExitsAreFound: what stops at the first difference is found out,
// and what does not is not: at the length of a signature, compared byte by
// byte, and with bytes.Equal, which is fast, at that of a page.
func TestS5_EarlyExitsAreFound(t *testing.T) {
	if os.Getenv("TIMING") == "" {
		t.Skip("measures nanoseconds, on a machine with nothing else to do: TIMING=1")
	}
	byByte := func(a, b string) bool {
		for i := range len(a) {
			if a[i] != b[i] {
				return false
			}
		}
		return true
	}
	inAnyCase := func(a, b string) bool {
		var different byte
		for i := range len(a) {
			different |= a[i] ^ b[i]
		}
		return different == 0
	}
	for _, tt := range []struct {
		name   string
		length int
		equal  func(a, b string) bool
		want   bool
	}{
		{"byte by byte", 86, byByte, true},
		{"bytes.Equal", 64 << 10, func(a, b string) bool { return bytes.Equal([]byte(a), []byte(b)) }, true},
		{"in constant time", 86, inAnyCase, false},
		{"in constant time", 4096, inAnyCase, false},
	} {
		right := strings.Repeat("x", tt.length)
		n := min(20_000, 100_000_000/tt.length)
		equal := func(s string) { sink = tt.equal(s, right) }
		if value, got := timing.Differ(n, equal, "y"+right[1:], right[1:]+"y"); got != tt.want {
			t.Errorf("%s of %d bytes: t is %.1f, differ %v, want %v", tt.name, tt.length, value, got, tt.want)
		} else {
			t.Logf("%s of %d bytes: t is %.1f", tt.name, tt.length, value)
		}
	}
}
