package cookie_test

import (
	"os"
	"strings"
	"testing"

	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/internal/timing"
)

// TestS5_CR9_OpeningTakesTheSameTime: how long a token takes to be refused does
// not tell how much of its signature or tag is right: 100 000 with a wrong
// beginning and as many with a wrong end.
func TestS5_CR9_OpeningTakesTheSameTime(t *testing.T) {
	if os.Getenv("TIMING") == "" {
		t.Skip("measures nanoseconds, on a machine with nothing else to do: TIMING=1")
	}
	long := cookie.JWTWith(cookie.JWTOptions{Primary: cookie.JWTKey{Algorithm: "HS512", Secret: keyLong}})
	for name, codec := range map[string]cookie.Codec{
		"encrypted": cookie.Encrypted(keyA), "jwt": cookie.JWT(keyA), "jwt with HS512": long, "pyjwt": cookie.PyJWT(keyA),
		"flask": cookie.Flask(keyA), "starlette": cookie.Starlette(keyA),
	} {
		token := seal(t, codec, []byte(`{"user":42}`), terms)
		begin := strings.LastIndexByte(token, '.') + 1
		if begin == 0 {
			begin = len(token) - 21 // in the tag of 16 bytes
		}
		end := len(token) - 2 // all of whose bits count
		change := func(i int) string {
			other := "A"
			if token[i] == 'A' {
				other = "B"
			}
			return token[:i] + other + token[i+1:]
		}
		refuse := func(token string) {
			if _, _, err := codec.Open(token, terms); err == nil {
				t.Error("a wrong signature is accepted")
			}
		}
		value, differ := timing.Differ(100_000, refuse, change(begin), change(end))
		if t.Logf("%s: t is %.1f", name, value); differ {
			t.Errorf("%s: a wrong beginning and a wrong end take different times", name)
		}
	}
}
