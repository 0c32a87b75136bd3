package faults_test

import (
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/services"
)

// TestF22_PgBouncer: 64 users share two server connections, through a pooler
// that knows no prepared statements.
func TestF22_PgBouncer(t *testing.T) {
	for _, test := range []struct {
		name       string
		strike     func(t *testing.T, w *world, pooler *services.PgBouncerNode)
		mustRefuse bool
		mayRefuse  float64
	}{
		{"64 users on two connections", func(*testing.T, *world, *services.PgBouncerNode) { time.Sleep(long(5 * time.Second)) }, false, 0},
		{"paused", func(t *testing.T, _ *world, pooler *services.PgBouncerNode) {
			for _, command := range []string{"PAUSE", "RESUME"} {
				if err := pooler.Do(command); err != nil {
					t.Error(err)
				}
				if command == "PAUSE" {
					time.Sleep(long(5 * time.Second))
				}
			}
		}, true, 1},
		{"ended and restarted", func(t *testing.T, _ *world, pooler *services.PgBouncerNode) {
			pooler.Stop(5 * time.Second)
			time.Sleep(500 * time.Millisecond)
			if err := pooler.Start(); err != nil {
				t.Error(err)
			}
		}, true, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			direct := services.Postgres(t)
			pooler := services.PgBouncer(t, direct, "default_pool_size = 2")
			p := postgresPlan(t, pooler.URL(), direct)
			p.users, p.quiet = 13, 50*time.Millisecond // with five tabs each
			p.timeout = 2 * time.Second
			p.leaks = nil // the pooler keeps its connections
			newWorld(t, p).run(fault{
				name:       "F22 PgBouncer: " + test.name,
				strike:     func(w *world) { test.strike(t, w, pooler) },
				mustRefuse: test.mustRefuse,
				mayRefuse:  test.mayRefuse,
			})
		})
	}
}
