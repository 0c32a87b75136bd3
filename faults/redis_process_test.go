package faults_test

import (
	"testing"
	"time"
)

// TestF5_RedisFrozen: a server that hangs is as bad as none, and no worse.
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

// TestF6_RedisKilled: with appendfsync always nothing that was acknowledged is
// lost; with everysec it may be, when the machine goes down. A server that has
// much to load refuses until it has.
func TestF6_RedisKilled(t *testing.T) {
	for _, test := range []struct {
		name   string
		config []string
		loses  bool
		much   bool
	}{
		{"F6 Redis: killed, appendfsync always", []string{"appendfsync always"}, false, false},
		{"F6 Redis: killed, appendfsync everysec", []string{"appendfsync everysec"}, true, false},
		{"F6 Redis: killed, and long in loading", []string{
			"appendfsync always", "key-load-delay 50", "loading-process-events-interval-bytes 1024",
		}, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, p := privateRedis(t, append(test.config, "appendonly yes")...)
			if test.much {
				tell(t, server, "DEBUG", "POPULATE", "10000")
				tell(t, server, "BGREWRITEAOF")
				await(t, "the data is on the disk", func() bool {
					return server.Info("persistence", "aof_rewrite_in_progress") == "0" && server.Info("persistence", "aof_rewrite_scheduled") == "0"
				})
			}
			p.loses = test.loses
			w := newWorld(t, p)
			w.run(fault{
				name: test.name,
				strike: func(w *world) {
					for end := time.Now().Add(long(10 * time.Second)); time.Now().Before(end); w.faults.Add(1) {
						server.Kill()
						time.Sleep(500 * time.Millisecond)
						if err := server.Restart(); err != nil {
							t.Error(err)
							return
						}
						w.heal()
						time.Sleep(500 * time.Millisecond)
					}
				},
				mustRefuse: true,
				mayRefuse:  1,
			})
			if test.much && !w.failedBy("LOADING") {
				t.Error("nobody asked while the server was loading")
			}
		})
	}
}

// TestF6_RedisKilledWithoutDisk: a server that keeps nothing logs everybody
// out, and nothing worse.
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

// TestF13_RedisScriptsForgotten: scripts that the server has forgotten are sent
// again.
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
