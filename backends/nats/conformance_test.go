package nats_test

import (
	"testing"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/nats"
	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/sessionstest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	small := services.NATSServer(t, services.NATSOptions{Config: []string{"max_payload: 8192"}})
	for name, url := range map[string]string{"default": services.NATS(t), "small messages": small.URL()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, url, &nats.Options{SweepEvery: -1})
			sessionstest.TestBackend(t, func(*testing.T) backends.Backend { return b }, nil)
		})
	}
}
