package redis_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/sessionstest"
)

func TestConformance(t *testing.T) {
	bound := func(t *testing.T, url string) backends.Backend {
		b, err := at(t, url).Bind(backends.Settings{Lifetime: time.Hour, IdleTimeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		server := miniredis.RunT(t)
		sessionstest.TestBackend(t, func(t *testing.T) backends.Backend {
			return bound(t, "redis://"+server.Addr())
		}, &sessionstest.Options{Advance: server.FastForward})
	})
	for name, url := range map[string]func(t *testing.T) string{
		"redis":    func(t *testing.T) string { return services.Redis(t) },
		"cluster":  func(t *testing.T) string { return shared(t, clusterURL) },
		"sentinel": func(t *testing.T) string { return shared(t, sentinelURL) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := url(t)
			sessionstest.TestBackend(t, func(t *testing.T) backends.Backend { return bound(t, text) }, nil)
		})
	}
	t.Run("without an idle timeout", func(t *testing.T) {
		t.Parallel()
		text := services.Redis(t)
		sessionstest.TestBackend(t, func(t *testing.T) backends.Backend { return at(t, text) }, nil)
	})
}
