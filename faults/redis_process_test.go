package faults_test

import (
	"testing"
	"time"
)

// F5: a server that hangs is as bad as none, and no worse.
func TestF5_RedisFrozen(t *testing.T) {
	server, p := privateRedis(t)
	newWorld(t, p).run(fault{
		name: "F5 Redis: frozen",
		strike: func(*world) {
			server.Freeze()
			time.Sleep(long(10 * time.Second))
			server.Thaw()
		},
		mustRefuse: true,
		mayRefuse:  1,
	})
}

// F6: with appendfsync always nothing that was acknowledged is lost.
func TestF6_RedisKilled(t *testing.T) {
	server, p := privateRedis(t, "appendonly yes", "appendfsync always")
	newWorld(t, p).run(fault{
		name: "F6 Redis: killed, appendfsync always",
		strike: func(w *world) {
			for end := time.Now().Add(long(10 * time.Second)); time.Now().Before(end); w.faults.Add(1) {
				server.Kill()
				time.Sleep(500 * time.Millisecond)
				if err := server.Restart(); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(500 * time.Millisecond)
			}
		},
		mustRefuse: true,
		mayRefuse:  1,
	})
}

// F6: a server that keeps nothing logs everybody out, and nothing worse.
func TestF6_RedisKilledWithoutDisk(t *testing.T) {
	server, p := privateRedis(t)
	p.forgets = true
	newWorld(t, p).run(fault{
		name: "F6 Redis: killed, nothing on disk",
		strike: func(*world) {
			server.Kill()
			if err := server.Restart(); err != nil {
				t.Error(err)
			}
		},
		mayRefuse: 1,
	})
}

// F13: scripts that the server has forgotten are sent again.
func TestF13_RedisScriptsForgotten(t *testing.T) {
	server, p := privateRedis(t)
	newWorld(t, p).run(fault{
		name: "F13 Redis: scripts forgotten every 10 ms",
		strike: func(w *world) {
			for end := time.Now().Add(long(5 * time.Second)); time.Now().Before(end); w.faults.Add(1) {
				tell(t, server, "SCRIPT", "FLUSH")
				time.Sleep(10 * time.Millisecond)
			}
		},
	})
}
