package faults_test

import (
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/internal/services"
)

func TestF27_NATS(t *testing.T) {
	two := func(t *testing.T, url string) []sessions.Backend {
		p := natsPlan(t, url)
		stores := []sessions.Backend{p.backend(t), p.backend(t)}
		t.Cleanup(func() {
			for _, b := range stores {
				b.(interface{ Close() error }).Close()
			}
		})
		return stores
	}
	t.Run("network", func(t *testing.T) {
		net, url := before(t, services.NATSServer(t, services.NATSOptions{}).URL())
		linear(t, "F27 NATS: bad network", two(t, url), func() {
			badWeather(net, long(20*time.Second))
		})
	})
	t.Run("restarts", func(t *testing.T) {
		server, _ := privateNATS(t)
		linear(t, "F27 NATS: killed and restarted", two(t, server.URL()), func() {
			for end := time.Now().Add(long(10 * time.Second)); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
				if err := server.Restart(); err != nil {
					t.Error(err)
				}
			}
		})
	})
}
