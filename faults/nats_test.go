package faults_test

import (
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/nats"
	"github.com/gosessions/sessions/internal/services"
)

// natsPlan is a world over a bucket on the server that is reached at url.
func natsPlan(t *testing.T, url string) plan {
	t.Helper()
	admin, err := nats.Open(url, nil, natsgo.RetryOnFailedConnect(false))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if err := admin.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return plan{backend: func(t *testing.T) sessions.Backend {
		b, err := nats.Open(url, nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}}
}

// privateNATS is a server of the test's own.
func privateNATS(t *testing.T) (*services.NATSNode, plan) {
	t.Helper()
	server := services.NATSServer(t, services.NATSOptions{})
	return server, natsPlan(t, server.URL())
}

// TestF5_NATSFrozen: a server that hangs is as bad as none, and no worse.
func TestF5_NATSFrozen(t *testing.T) {
	server, p := privateNATS(t)
	newWorld(t, p).run(fault{
		name: "F5 NATS: frozen",
		strike: func(*world) {
			server.Freeze()
			time.Sleep(long(10 * time.Second))
			server.Thaw()
		},
		mustRefuse: true,
		mayRefuse:  1,
	})
}

// TestF6_NATSKilled: nothing that was acknowledged is lost when the server is
// killed in the middle of commits, because the operating system has it.
func TestF6_NATSKilled(t *testing.T) {
	server, p := privateNATS(t)
	newWorld(t, p).run(fault{
		name: "F6 NATS: killed again and again",
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
}

// TestF6_NATSRestarted: a server that is stopped as an administrator stops it.
func TestF6_NATSRestarted(t *testing.T) {
	server, p := privateNATS(t)
	newWorld(t, p).run(fault{
		name: "F6 NATS: stopped and started",
		strike: func(w *world) {
			for end := time.Now().Add(long(5 * time.Second)); time.Now().Before(end); w.faults.Add(1) {
				server.Stop(10 * time.Second)
				if err := server.Start(); err != nil {
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
}

// TestF2_F3_NATSNetwork: connections that lose what is sent, or break in the middle of
// an answer.
func TestF2_F3_NATSNetwork(t *testing.T) {
	for _, test := range []struct {
		name      string
		toxics    []toxic
		refuses   bool
		mayRefuse float64
	}{
		{"F2 NATS: answers vanish", []toxic{vanish("downstream")}, true, 1},
		{"F3 NATS: answers are cut off", []toxic{cut(400)}, true, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := services.NATSServer(t, services.NATSOptions{})
			net, address := before(t, server.URL())
			w := newWorld(t, natsPlan(t, address))
			w.run(fault{
				name: test.name,
				strike: func(*world) {
					net.poison(test.toxics...)
					time.Sleep(long(5 * time.Second))
					net.mend()
				},
				mustRefuse: test.refuses,
				mayRefuse:  test.mayRefuse,
			})
		})
	}
}
