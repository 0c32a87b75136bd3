package faults_test

import (
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

func TestF27_Redis(t *testing.T) {
	open := func(t *testing.T, url string) sessions.Backend {
		b, err := redis.Open(url, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b
	}
	t.Run("network", func(t *testing.T) {
		net, url := before(t, services.RedisServer(t, services.RedisOptions{}).URL())
		linear(t, "F27 Redis: bad network", []sessions.Backend{open(t, url), open(t, url)}, func() {
			badWeather(net, long(20*time.Second))
		})
	})
	t.Run("restarts", func(t *testing.T) {
		server := services.RedisServer(t, services.RedisOptions{Config: []string{"appendonly yes", "appendfsync always"}})
		linear(t, "F27 Redis: killed and restarted, appendfsync always", []sessions.Backend{open(t, server.URL()), open(t, server.URL())}, func() {
			for end := time.Now().Add(long(10 * time.Second)); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
				if err := server.Restart(); err != nil {
					t.Error(err)
				}
			}
		})
	})
}
