package process

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

var taken struct {
	sync.Mutex
	ports map[int]bool
}

// Port returns a TCP port on 127.0.0.1 on which nothing listens, and which it
// returns only once. It lies below the range from which systems choose the
// ports of outgoing connections: so it stays free while a server is down, and
// a client that dials it then cannot meet itself.
func Port(t T) int {
	t.Helper()
	taken.Lock()
	defer taken.Unlock()
	if taken.ports == nil {
		taken.ports = map[int]bool{}
	}
	for range 1000 {
		port := 15000 + rand.IntN(15000)
		if taken.ports[port] {
			continue
		}
		listener, err := net.Listen("tcp", Address(port))
		if err != nil {
			continue
		}
		listener.Close()
		taken.ports[port] = true
		return port
	}
	t.Fatalf("process: no free port between 15000 and 30000")
	return 0
}

// Address returns where a local server with that port is reached.
func Address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
