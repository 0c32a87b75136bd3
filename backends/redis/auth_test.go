package redis_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// TestRefusedConnections: a connection that the server refuses to set up is an
// error of every command that it was for, also of those that are sent together:
// none was carried out, and none seems to have been.
func TestRefusedConnections(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{Password: "word"})
	url := strings.Replace(server.URL(), "word", "other", 1)
	for _, client := range []string{"of Open", "with its defaults"} {
		t.Run("with a client "+client, func(t *testing.T) {
			b := redis.New(rawClient(t, url), nil)
			if client == "of Open" {
				b = open(t, url)
			}
			idle, err := b.Bind(backends.Settings{IdleTimeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			var group sync.WaitGroup
			for range 20 {
				for what, do := range map[string]func() error{
					"read":                      func() error { _, err := b.Read(ctx, "id"); return err },
					"read with an idle timeout": func() error { _, err := idle.Read(ctx, "id"); return err },
					"commit":                    func() error { return b.Swap(ctx, "id", []byte("1"), record("2")) },
					"write":                     func() error { _, err := b.Write(ctx, "id", record("2")); return err },
					"list":                      func() error { _, err := b.ListSubject(ctx, "alice"); return err },
				} {
					group.Go(func() {
						if err := do(); err == nil || errors.Is(err, backends.ErrNotFound) || errors.Is(err, backends.ErrConflict) {
							t.Errorf("%s: %v, want an error of the server", what, err)
						}
					})
				}
			}
			group.Wait()
		})
	}
}
