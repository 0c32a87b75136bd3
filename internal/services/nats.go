package services

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gosessions/sessions/internal/process"
)

const natsPort = 4222

// NATSFolders are where packages put nats-server, which is not in everyone's PATH.
var NATSFolders = []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"}

var sharedNATS = shared{variable: "NATS_URL"}

// NATS returns the URL of a NATS server with JetStream that other tests use at the
// same time: keep to buckets whose names begin with a [Unique] name, and delete them.
func NATS(t T) string {
	t.Helper()
	url, err := sharedNATS.get(FindNATS, func(t T) string { return NATSServer(t, NATSOptions{}).URL() })
	if err != nil {
		missing(t, "NATS", err)
	}
	return url
}

// FindNATS returns the URL of a running server with JetStream: the one that NATS_URL
// names, else the one on the standard port; "" if there is none.
func FindNATS() string {
	if url := os.Getenv("NATS_URL"); url != "" {
		return url
	}
	if natsReady(process.Address(natsPort)) != nil {
		return ""
	}
	return "nats://" + process.Address(natsPort)
}

// natsReady returns nil if a server with JetStream greets us.
func natsReady(address string) error {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	greeting, err := bufio.NewReader(conn).ReadString('\n')
	switch {
	case err != nil:
		return err
	case !strings.HasPrefix(greeting, "INFO "):
		return fmt.Errorf("services: what answers at %s is not a NATS server", address)
	case !strings.Contains(greeting, `"jetstream":true`):
		return fmt.Errorf("services: the NATS server at %s has no JetStream", address)
	}
	return nil
}

// NATSOptions configure a private server.
type NATSOptions struct {
	// Config are lines of its configuration, such as "max_payload: 4096".
	Config []string
	// Clock is the server's; nil: the machine's.
	Clock *Clock
	// Program is the path of nats-server; "": the one that is installed.
	Program string
}

// program returns the path of nats-server.
func (o NATSOptions) program(t T) string {
	t.Helper()
	if o.Program != "" {
		return o.Program
	}
	path, err := process.Find("nats-server", NATSFolders...)
	if err != nil {
		missing(t, "nats-server", err)
	}
	return path
}

// A NATSNode is a NATS server of one test's own, which may be killed, frozen and
// restarted: it comes back on the same port, with what it had stored.
type NATSNode struct {
	*process.Process
	Name string // in a cluster
	port int
	dir  string
}

// NATSServer starts a server with JetStream for this test alone.
func NATSServer(t T, options NATSOptions) *NATSNode {
	t.Helper()
	return startNATS(t, options.program(t), &NATSNode{port: process.Port(t), dir: process.Dir(t, nil)}, options)
}

// NATSCluster starts three servers that form a cluster, for this test alone. They need
// a while to elect leaders.
func NATSCluster(t T, options NATSOptions) []*NATSNode {
	t.Helper()
	path := options.program(t)
	routes := make([]int, 3)
	peers := make([]string, len(routes))
	for i := range routes {
		routes[i] = process.Port(t)
		peers[i] = "nats://" + process.Address(routes[i])
	}
	nodes := make([]*NATSNode, len(routes))
	for i := range nodes {
		nodes[i] = startNATS(t, path, &NATSNode{port: process.Port(t), dir: process.Dir(t, nil), Name: fmt.Sprintf("n%d", i)}, NATSOptions{Config: append([]string{
			fmt.Sprintf("server_name: n%d", i),
			fmt.Sprintf("cluster { name: tests, listen: %q, routes: [%s] }", process.Address(routes[i]), strings.Join(peers, ", ")),
		}, options.Config...)})
	}
	return nodes
}

// startNATS starts a server on the port and in the folder of node.
func startNATS(t T, path string, node *NATSNode, options NATSOptions) *NATSNode {
	t.Helper()
	config := append([]string{
		"listen: " + process.Address(node.port),
		fmt.Sprintf("jetstream { store_dir: %q }", node.dir),
	}, options.Config...)
	file := filepath.Join(node.dir, "nats.conf")
	if err := os.WriteFile(file, []byte(strings.Join(config, "\n")+"\n"), 0o600); err != nil {
		t.Fatalf("services: %v", err)
	}
	node.Process = process.Start(t, path, process.Options{
		Name:   strings.TrimSpace("nats " + node.Name),
		Args:   []string{"-c", file},
		Dir:    node.dir,
		Env:    options.Clock.env(),
		Chatty: true,
		Ready:  func() error { return natsReady(process.Address(node.port)) },
	})
	return node
}

// URL returns the server's address as nats://…
func (n *NATSNode) URL() string { return "nats://" + n.Addr() }

// Addr returns host and port.
func (n *NATSNode) Addr() string { return process.Address(n.port) }

// Dir returns the folder with the server's files.
func (n *NATSNode) Dir() string { return n.dir }
