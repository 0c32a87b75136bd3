package faults_test

import (
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/services"
)

func TestF15_PostgresNetwork(t *testing.T) {
	ms := func(n int) map[string]any { return map[string]any{"latency": n, "jitter": n / 4} }
	for _, test := range []struct {
		name    string
		spoil   func(n *network)
		refuses bool
		ballast int
	}{
		{"latency of 50 ms", func(n *network) { n.spoil("latency", "downstream", ms(50)) }, false, 0},
		{"latency of 500 ms", func(n *network) { n.spoil("latency", "downstream", ms(500)) }, true, 0},
		{"latency of 5 s", func(n *network) { n.spoil("latency", "downstream", ms(5000)) }, true, 0},
		{"answers vanish", func(n *network) { n.spoil("timeout", "downstream", map[string]any{"timeout": 0}) }, true, 0},
		{"requests vanish", func(n *network) { n.spoil("timeout", "upstream", map[string]any{"timeout": 0}) }, true, 0},
		{"everything vanishes", func(n *network) {
			n.spoil("timeout", "downstream", map[string]any{"timeout": 0})
			n.spoil("timeout", "upstream", map[string]any{"timeout": 0})
		}, true, 0},
		{"answers are cut off", func(n *network) { n.spoil("limit_data", "downstream", map[string]any{"bytes": 40}) }, true, 0},
		{"connections are reset", func(n *network) { n.spoil("reset_peer", "downstream", map[string]any{"timeout": 5}) }, true, 0},
		{"answers come in pieces", func(n *network) {
			n.spoil("slicer", "downstream", map[string]any{"average_size": 8, "size_variation": 4, "delay": 10})
		}, false, 0},
		{"1 KB a second", func(n *network) { n.spoil("bandwidth", "downstream", map[string]any{"rate": 1}) }, true, 64 << 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			direct := services.Postgres(t)
			net, url := before(t, direct)
			p := postgresPlan(t, url, direct)
			if test.ballast > 0 {
				p.ballast, p.users, p.quiet = test.ballast, 2, 20*time.Millisecond
			}
			w := newWorld(t, p)
			w.run(fault{
				name: "F15 Postgres: " + test.name,
				strike: func(*world) {
					test.spoil(net)
					time.Sleep(long(5 * time.Second))
					net.mend()
				},
				mustRefuse: test.refuses,
				mayRefuse:  1,
			})
		})
	}
}
