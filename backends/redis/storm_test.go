package redis_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/sessionstest"
)

// A1, A8: log out everywhere, limits and eviction, while sessions change their IDs.
func TestStorm(t *testing.T) {
	for name, test := range map[string]struct {
		url    func(t *testing.T) string
		rounds int
	}{
		"miniredis": {func(t *testing.T) string { return "redis://" + miniredis.RunT(t).Addr() }, 10},
		"redis":     {func(t *testing.T) string { return services.Redis(t) }, 60},
		"cluster":   {func(t *testing.T) string { return shared(t, clusterURL) }, 20},
	} {
		t.Run(name, func(t *testing.T) {
			if err := sessionstest.Storm(t.Context(), at(t, test.url(t)), test.rounds); err != nil {
				t.Error(err)
			}
		})
	}
}
