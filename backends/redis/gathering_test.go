package redis_test

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// gate stands between a client and a server. While it is shut, nothing from the client
// gets through. It can also let a number of bytes of the replies pass, and then
// hold the others back or cut the connection.
type gate struct {
	listener net.Listener
	target   atomic.Value // string
	requests valve
	replies  valve
	passes   atomic.Int64 // how many bytes of replies pass before they are held back or cut; -1: all
	cuts     atomic.Bool
	writes   atomic.Int64 // how many pieces arrived from the client
	dials    atomic.Int64
}

// valve holds back who waits while it is shut.
type valve struct {
	mu   sync.Mutex
	shut chan struct{} // nil while it is open
}

func (v *valve) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shut = make(chan struct{})
}

func (v *valve) open() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.shut != nil {
		close(v.shut)
		v.shut = nil
	}
}

func (v *valve) wait() {
	v.mu.Lock()
	shut := v.shut
	v.mu.Unlock()
	if shut != nil {
		<-shut
	}
}

func startGate(t *testing.T, target string) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{listener: listener}
	g.target.Store(target)
	g.passes.Store(-1)
	var group sync.WaitGroup
	t.Cleanup(func() {
		g.requests.open()
		g.replies.open()
		_ = listener.Close()
		group.Wait()
	})
	group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			g.dials.Add(1)
			group.Go(func() { g.serve(conn) })
		}
	})
	return g
}

// url leads through the gate, for a client with one connection and much patience.
func (g *gate) url() string {
	return "redis://" + g.listener.Addr().String() + "?pool_size=1&read_timeout=1m&pool_timeout=1m"
}

func (g *gate) serve(client net.Conn) {
	defer client.Close()
	upstream, err := net.Dial("tcp", g.target.Load().(string))
	if err != nil {
		return
	}
	defer upstream.Close()
	go func() {
		defer upstream.Close()
		buffer := make([]byte, 1<<20)
		for {
			n, err := client.Read(buffer)
			if err != nil {
				return
			}
			g.writes.Add(1)
			g.requests.wait()
			if _, err := upstream.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 1<<20)
	for {
		n, err := upstream.Read(buffer)
		if err != nil {
			return
		}
		reply := buffer[:n]
		if left := g.passes.Load(); left >= 0 && left < int64(n) {
			_, _ = client.Write(reply[:left])
			if reply = reply[left:]; g.cuts.Load() {
				g.passes.Store(-1)
				return
			}
			g.replies.wait()
			g.passes.Store(-1)
		} else if left > 0 {
			g.passes.Add(int64(-n))
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

// obstacle keeps a server from answering.
type obstacle interface {
	hold()
	held() bool // whether a command waits
	release()
}

func (g *gate) hold() {
	g.requests.close()
	g.writes.Store(0)
}
func (g *gate) held() bool { return g.writes.Load() > 0 }
func (g *gate) release()   { g.requests.open() }

// occupiers is how many calls occupy the only connection while others gather: two go
// by themselves, and one is the first of its pipe.
const occupiers = 3

// together starts calls while the only connection is busy, so that they gather and
// are sent in one write when the obstacle is removed. It returns a function that
// removes it and waits for the calls.
func together(t *testing.T, b *redis.Backend, o obstacle, calls ...func()) (release func()) {
	t.Helper()
	var group sync.WaitGroup
	_, _ = b.Read(t.Context(), "connects")
	until(t, func() bool { return b.Calls() == 0 })
	o.hold()
	group.Go(func() { _, _ = b.Read(t.Context(), "busy") })
	until(t, o.held)
	for want := range int64(occupiers) - 1 {
		group.Go(func() { _, _ = b.Read(t.Context(), "waits for the connection") })
		until(t, func() bool { return b.Calls() >= want+2 })
	}
	until(t, func() bool { return b.Flying() == 1 })
	for i, call := range calls {
		group.Go(call)
		until(t, func() bool { return b.Gathered() == i+1 })
	}
	return func() {
		o.release()
		group.Wait()
	}
}

// until waits for a condition.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	for range 10_000 {
		if ok() {
			return
		}
		<-time.After(time.Millisecond)
	}
	t.Fatal("it did not come to that")
}

// gated starts a server of the test's own, with a gate before it, a backend behind
// which calls gather, and another way to the server.
func gated(t *testing.T, config ...string) (*services.RedisNode, *gate, *redis.Backend, place) {
	t.Helper()
	server := services.RedisServer(t, services.RedisOptions{Config: config})
	g := startGate(t, server.Addr())
	return server, g, open(t, g.url()), place{open(t, server.URL()), rawClient(t, server.URL()), redis.DefaultPrefix}
}

// stubborn is a server that does not answer when it is asked for busy.
type stubborn struct {
	valve valve
	asked atomic.Bool
}

func (s *stubborn) hold() {
	s.asked.Store(false)
	s.valve.close()
}
func (s *stubborn) held() bool { return s.asked.Load() }
func (s *stubborn) release()   { s.valve.open() }
