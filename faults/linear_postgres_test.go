package faults_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// badWeather spoils the network in one way after the other for a time.
func badWeather(n *network, duration time.Duration) {
	kinds := []func(){
		func() { n.spoil("latency", "downstream", map[string]any{"latency": 20, "jitter": 20}) },
		func() { n.spoil("latency", "upstream", map[string]any{"latency": 100, "jitter": 100}) },
		func() { n.spoil("reset_peer", "downstream", map[string]any{"timeout": 1}) },
		func() { n.spoil("timeout", "downstream", map[string]any{"timeout": 0}) },
		func() { n.spoil("limit_data", "downstream", map[string]any{"bytes": rand.IntN(65)}) },
		func() {
			n.spoil("slicer", "downstream", map[string]any{"average_size": 8, "size_variation": 4, "delay": 10})
		},
	}
	for end := time.Now().Add(duration); time.Now().Before(end); {
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
		kinds[rand.IntN(len(kinds))]()
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
		n.mend()
	}
}

func TestF27_Postgres(t *testing.T) {
	open := func(t *testing.T, url string) sessions.Backend {
		b, err := postgres.Open(services.With(t, url, "pool_max_conns=8"), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b
	}
	t.Run("network", func(t *testing.T) {
		direct := services.Postgres(t)
		execute(t, direct, postgres.Schema)
		net, url := before(t, direct)
		linear(t, "F27 Postgres: bad network", []sessions.Backend{open(t, url), open(t, url)}, func() {
			badWeather(net, long(20*time.Second))
		})
	})
	t.Run("restarts", func(t *testing.T) {
		server, _ := private(t)
		linear(t, "F27 Postgres: killed and restarted", []sessions.Backend{open(t, server.URL()), open(t, server.URL())}, func() {
			for end := time.Now().Add(long(10 * time.Second)); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
				if err := server.Restart(); err != nil {
					t.Error(err)
				}
			}
		})
	})
	t.Run("PgBouncer", func(t *testing.T) {
		direct := services.Postgres(t)
		execute(t, direct, postgres.Schema)
		net, url := before(t, services.PgBouncer(t, direct, "default_pool_size = 2").URL())
		linear(t, "F27 PgBouncer: bad network", []sessions.Backend{open(t, url), open(t, url)}, func() {
			badWeather(net, long(10*time.Second))
		})
	})
}
