package cookie_test

import (
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/sessionstest"
)

// TestConformance: the codecs whose tokens end keep every rule of a backend.
// Those of PyJWT and starlette-flask have none, which breaks the rules of
// expiry.
func TestConformance(t *testing.T) {
	const lifetime = time.Hour
	for _, test := range []struct {
		codec   cookie.Codec
		options sessionstest.Options
	}{
		{cookie.Encrypted(keyA, keyB), sessionstest.Options{}},
		{cookie.JWT(keyA, keyC), sessionstest.Options{Resolution: time.Second}},
		{cookie.Flask(keyA, keyB), sessionstest.Options{Resolution: time.Second, Lifetime: lifetime}},
		{cookie.Starlette(keyA), sessionstest.Options{Resolution: time.Second, Lifetime: lifetime}},
		{cookie.Starsessions(lifetime, keyA), sessionstest.Options{Resolution: time.Second, Lifetime: lifetime}},
	} {
		t.Run(test.codec.Name(), func(t *testing.T) {
			test.options.Bubble = true
			sessionstest.TestBackend(t, func(t *testing.T) backends.Backend {
				return bind(t, test.codec, backends.Settings{Cookie: "session", Lifetime: lifetime})
			}, &test.options)
		})
	}
}
