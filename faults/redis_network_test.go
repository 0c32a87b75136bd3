package faults_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/services"
)

// toxic is one way in which a network is bad.
type toxic struct {
	kind, stream string
	attributes   map[string]any
}

func latency(ms int) toxic {
	return toxic{"latency", "downstream", map[string]any{"latency": ms, "jitter": ms / 4}}
}

// vanish swallows what is sent, and leaves the connection open.
func vanish(stream string) toxic { return toxic{"timeout", stream, map[string]any{"timeout": 0}} }

// cut ends a connection after so many bytes of replies.
func cut(bytes int) toxic { return toxic{"limit_data", "downstream", map[string]any{"bytes": bytes}} }

var (
	reset  = toxic{"reset_peer", "downstream", map[string]any{"timeout": 5}}
	pieces = toxic{"slicer", "downstream", map[string]any{"average_size": 8, "size_variation": 4, "delay": 10}}
)

func (n *network) poison(toxics ...toxic) {
	for _, t := range toxics {
		n.spoil(t.kind, t.stream, t.attributes)
	}
}

func TestF1_F2_F3_F4_RedisNetwork(t *testing.T) {
	for _, test := range []struct {
		name      string
		toxics    []toxic
		refuses   bool
		mayRefuse float64
		ballast   int
		during    func(w *world) // while the network is bad
	}{
		{"F1 Redis: latency of 50 ms", []toxic{latency(50)}, false, 0.3, 0, nil},
		{"F1 Redis: latency of 500 ms", []toxic{latency(500)}, true, 1, 0, nil},
		{"F1 Redis: latency of 5 s", []toxic{latency(5000)}, true, 1, 0, refusedAtOnce},
		{"F2 Redis: answers vanish", []toxic{vanish("downstream")}, true, 1, 0, nil},
		{"F2 Redis: requests vanish", []toxic{vanish("upstream")}, true, 1, 0, nil},
		{"F2 Redis: everything vanishes", []toxic{vanish("downstream"), vanish("upstream")}, true, 1, 0, nil},
		{"F3 Redis: connections are reset", []toxic{reset}, true, 1, 0, nil},
		{"F3 Redis: answers are cut off", []toxic{cut(40)}, true, 1, 0, nil},
		{"F3 Redis: answers come in pieces", []toxic{pieces}, false, 0.05, 0, nil},
		{"F4 Redis: 1 KB a second", []toxic{{"bandwidth", "downstream", map[string]any{"rate": 1}}}, true, 1, 64 << 10, roomForOthers},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := services.RedisServer(t, services.RedisOptions{})
			net, address := before(t, server.URL())
			p := redisPlan(server, address)
			if test.ballast > 0 {
				p.ballast, p.users, p.quiet = test.ballast, 2, 20*time.Millisecond
			}
			w := newWorld(t, p)
			w.small = w.do("/login", "", url.Values{"user": {"small"}}).token
			w.run(fault{
				name: test.name,
				strike: func(w *world) {
					net.poison(test.toxics...)
					end := time.Now().Add(long(5 * time.Second))
					if test.during != nil {
						test.during(w)
					}
					time.Sleep(time.Until(end))
					net.mend()
				},
				mustRefuse: test.refuses,
				mayRefuse:  test.mayRefuse,
			})
		})
	}
}

// refusedAtOnce wants that the breaker has opened when nothing has come for more
// than a second: who asks then does not wait for a timeout.
func refusedAtOnce(w *world) {
	time.Sleep(1700 * time.Millisecond)
	const asked = 20
	atOnce := 0
	for range asked {
		u := w.users[0] // stays logged in
		if r := w.do("/all", u.life.Load().see().token, nil); r.status == http.StatusServiceUnavailable && time.Since(r.started) < w.timeout/2 {
			atOnce++
		}
	}
	if atOnce < asked/2 {
		w.t.Errorf("%d of %d requests were refused at once", atOnce, asked)
	}
}

// roomForOthers wants that those with a small session are served while large ones
// creep over the network.
func roomForOthers(w *world) {
	asked, served := 0, 0
	for end := time.Now().Add(long(5 * time.Second)); time.Now().Before(end); asked++ {
		if r := w.do("/all", w.small, nil); r.status == http.StatusOK {
			served++
		}
	}
	w.remark = fmt.Sprintf("%d of %d requests of a small session served meanwhile", served, asked)
	if served < asked/4 {
		w.t.Errorf("%d of %d requests of a small session were served", served, asked)
	}
}

// flicker makes a network bad and good again, over and over, so that connections
// break in the middle of whatever is under way.
func (n *network) flicker(lasts time.Duration) (faults int64) {
	for end := time.Now().Add(lasts); time.Now().Before(end); faults++ {
		switch rand.IntN(5) {
		case 0:
			n.poison(vanish("downstream"))
		case 1:
			n.poison(vanish("upstream"))
		case 2:
			n.poison(reset)
		case 3:
			n.poison(cut(rand.IntN(65)))
		case 4:
			n.poison(pieces)
		}
		time.Sleep(time.Millisecond + rand.N(150*time.Millisecond))
		n.mend()
		time.Sleep(rand.N(100 * time.Millisecond))
	}
	return faults
}

// TestF2_F3_RedisMidCommit: a commit is hit at every place: before it is sent,
// while the server works on it, while the reply is on its way.
func TestF2_F3_RedisMidCommit(t *testing.T) {
	server := services.RedisServer(t, services.RedisOptions{})
	net, url := before(t, server.URL())
	newWorld(t, redisPlan(server, url)).run(fault{
		name:       "F2, F3 Redis: the network breaks in the middle of commits",
		strike:     func(w *world) { w.faults.Add(net.flicker(long(20 * time.Second))) },
		mustRefuse: true,
		mayRefuse:  1,
	})
}
