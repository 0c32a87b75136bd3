package services

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gosessions/sessions/internal/process"
)

const slots = 16384

// A Cluster is a Redis Cluster of three masters.
type Cluster struct {
	Nodes []*RedisNode
}

// Addrs returns where the nodes are reached.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		addrs[i] = n.Addr()
	}
	return addrs
}

// RedisCluster starts three masters on this machine, each with a third of the
// slots, and waits until all of them agree that the cluster is up.
func RedisCluster(t T) *Cluster {
	t.Helper()
	const size = 3
	c := new(Cluster)
	for range size {
		c.Nodes = append(c.Nodes, RedisServer(t, RedisOptions{Config: []string{
			"cluster-enabled yes",
			fmt.Sprintf("cluster-port %d", process.Port(t)),
			"cluster-node-timeout 2000",
			"cluster-config-file nodes.conf",
		}}))
	}
	for i, n := range c.Nodes {
		n.must("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		n.must("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*slots/size), strconv.Itoa((i+1)*slots/size-1))
	}
	for _, n := range c.Nodes[1:] {
		bus := n.must("CONFIG", "GET", "cluster-port").([]any)
		c.Nodes[0].must("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(n.port), bus[1].(string))
	}
	await(t, "the cluster is up", 30*time.Second, func() bool {
		for _, n := range c.Nodes {
			if n.clusterInfo("cluster_state") != "ok" || n.clusterInfo("cluster_known_nodes") != strconv.Itoa(size) ||
				n.clusterInfo("cluster_slots_ok") != strconv.Itoa(slots) {
				return false
			}
		}
		return true
	})
	return c
}

// clusterInfo returns one field of the node's view of its cluster.
func (n *RedisNode) clusterInfo(field string) string {
	answer, err := n.Do("CLUSTER", "INFO")
	text, ok := answer.(string)
	if err != nil || !ok {
		return ""
	}
	return infoField(text, field)
}

// Slot returns the slot of the cluster in which a key lies.
func (c *Cluster) Slot(key string) int {
	slot, err := c.Nodes[0].Do("CLUSTER", "KEYSLOT", key)
	if err != nil {
		c.Nodes[0].t.Fatalf("services: %v", err)
	}
	n, _ := strconv.Atoi(fmt.Sprint(slot))
	return n
}
