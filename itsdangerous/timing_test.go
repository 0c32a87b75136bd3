package itsdangerous_test

import (
	"os"
	"testing"

	"github.com/gosessions/sessions/internal/timing"
	"github.com/gosessions/sessions/itsdangerous"
)

// TestS5_CR9_VerifyingTakesTheSameTime: how long a signature takes to be
// refused does not tell how much of it is right: 100 000 with a wrong first
// character and as many with a wrong last one.
func TestS5_CR9_VerifyingTakesTheSameTime(t *testing.T) {
	if os.Getenv("TIMING") == "" {
		t.Skip("measures nanoseconds, on a machine with nothing else to do: TIMING=1")
	}
	for _, digest := range []itsdangerous.Digest{itsdangerous.SHA1, itsdangerous.SHA512} {
		signer := newSigner(t, &itsdangerous.Options{Digest: digest}, "dev")
		token := signer.Sign("v")
		refuse := func(token string) {
			if _, err := signer.Unsign(token); err == nil {
				t.Error("a wrong signature is accepted")
			}
		}
		first := token[:2] + other(token[2]) + token[3:]
		last := token[:len(token)-1] + other(token[len(token)-1])
		value, differ := timing.Differ(100_000, refuse, first, last)
		if t.Logf("digest %d: t is %.1f", digest, value); differ {
			t.Errorf("digest %d: a wrong first character and a wrong last one take different times", digest)
		}
	}
}

// other is another character than c.
func other(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}
