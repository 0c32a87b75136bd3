package faults_test

import (
	"strconv"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// redisPlan is a world over the server of the test's own, which is reached at
// url.
func redisPlan(server *services.RedisNode, url string) plan {
	return plan{
		backend: func(t *testing.T) sessions.Backend {
			b, err := redis.Open(url, nil)
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
		leaks: func() int {
			n, err := strconv.Atoi(server.Info("clients", "connected_clients"))
			if err != nil {
				return -1
			}
			return n - 1 // the one that asks
		},
	}
}

// privateRedis is a server of the test's own.
func privateRedis(t *testing.T, config ...string) (*services.RedisNode, plan) {
	t.Helper()
	server := services.RedisServer(t, services.RedisOptions{Config: config})
	return server, redisPlan(server, server.URL())
}

// tell gives a command that has to succeed.
func tell(t *testing.T, server *services.RedisNode, args ...string) any {
	t.Helper()
	answer, err := server.Do(args...)
	if err != nil {
		t.Errorf("%s: %v", args[0], err)
	}
	return answer
}
