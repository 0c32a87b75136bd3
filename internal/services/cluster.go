package services

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gosessions/sessions/internal/process"
)

const slots = 16384

// A Cluster is a Redis Cluster of three masters.
type Cluster struct {
	Nodes    []*RedisNode // masters when they were started
	Replicas []*RedisNode // of each of Nodes, after AddReplicas
	t        T
}

// Addrs returns where the first masters are reached.
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
	c := &Cluster{t: t}
	for range size {
		c.Nodes = append(c.Nodes, c.node())
	}
	for i, n := range c.Nodes {
		n.must("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		n.must("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*slots/size), strconv.Itoa((i+1)*slots/size-1))
	}
	for _, n := range c.Nodes[1:] {
		c.meet(n)
	}
	c.AwaitUp()
	return c
}

// AddReplicas starts a replica for each master, and waits until it follows.
func (c *Cluster) AddReplicas() {
	c.t.Helper()
	for range c.Nodes {
		n := c.node()
		c.Replicas = append(c.Replicas, n)
		c.meet(n)
	}
	c.AwaitUp()
	for i, n := range c.Replicas {
		master := c.Nodes[i].must("CLUSTER", "MYID").(string)
		n.must("CLUSTER", "REPLICATE", master)
		await(c.t, "every server knows the replica", 30*time.Second, func() bool {
			return !slices.ContainsFunc(c.Nodes, func(n *RedisNode) bool {
				list, _ := n.must("CLUSTER", "REPLICAS", master).([]any)
				return len(list) == 0
			})
		})
	}
	c.AwaitUp()
}

// node starts a server that may join.
func (c *Cluster) node() *RedisNode {
	c.t.Helper()
	return RedisServer(c.t, RedisOptions{Config: []string{
		"cluster-enabled yes",
		fmt.Sprintf("cluster-port %d", process.Port(c.t)),
		"cluster-node-timeout 2000",
		"cluster-config-file nodes.conf",
		"repl-diskless-sync-delay 0",
	}})
}

// meet lets a server join.
func (c *Cluster) meet(n *RedisNode) {
	c.t.Helper()
	bus := n.must("CONFIG", "GET", "cluster-port").([]any)
	c.Nodes[0].must("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(n.port), bus[1].(string))
}

// AwaitUp waits until all servers that run know each other, agree that every
// slot is served, and follow their masters.
func (c *Cluster) AwaitUp() {
	c.t.Helper()
	all := slices.Concat(c.Nodes, c.Replicas)
	await(c.t, "the cluster is up", 30*time.Second, func() bool {
		for _, n := range all {
			if n.Running() && !n.inOrder(len(all)) {
				return false
			}
		}
		return true
	})
}

// inOrder reports whether a server of a cluster of so many is content.
func (n *RedisNode) inOrder(size int) bool {
	return n.clusterInfo("cluster_state") == "ok" && n.clusterInfo("cluster_known_nodes") == strconv.Itoa(size) &&
		n.clusterInfo("cluster_slots_ok") == strconv.Itoa(slots) &&
		(n.Info("replication", "role") != "slave" || n.Info("replication", "master_link_status") == "up")
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
		c.t.Fatalf("services: %v", err)
	}
	n, _ := strconv.Atoi(fmt.Sprint(slot))
	return n
}

// MoveSlot gives a slot, key by key, from the master that has it to another one.
func (c *Cluster) MoveSlot(slot int) {
	c.t.Helper()
	number, masters := strconv.Itoa(slot), c.masters()
	from := c.owner(slot)
	to := masters[(slices.Index(masters, from)+1)%len(masters)]
	toID := to.must("CLUSTER", "MYID").(string)
	to.must("CLUSTER", "SETSLOT", number, "IMPORTING", from.must("CLUSTER", "MYID").(string))
	from.must("CLUSTER", "SETSLOT", number, "MIGRATING", toID)
	for {
		keys := from.must("CLUSTER", "GETKEYSINSLOT", number, "100").([]any)
		if len(keys) == 0 {
			break
		}
		for _, key := range keys {
			from.must("MIGRATE", "127.0.0.1", strconv.Itoa(to.port), key.(string), "0", "5000")
		}
	}
	for _, n := range append([]*RedisNode{to, from}, masters...) { // as the manual has it
		n.must("CLUSTER", "SETSLOT", number, "NODE", toID)
	}
}

// masters returns the servers that are masters now.
func (c *Cluster) masters() (list []*RedisNode) {
	for _, n := range slices.Concat(c.Nodes, c.Replicas) {
		if n.Info("replication", "role") == "master" {
			list = append(list, n)
		}
	}
	return list
}

// owner returns the master that has a slot.
func (c *Cluster) owner(slot int) *RedisNode {
	c.t.Helper()
	masters := c.masters()
	for _, r := range masters[0].must("CLUSTER", "SLOTS").([]any) {
		served := r.([]any) // first slot, last slot, master, replicas
		if served[0].(int64) > int64(slot) || served[1].(int64) < int64(slot) {
			continue
		}
		for _, n := range masters {
			if served[2].([]any)[1] == int64(n.port) {
				return n
			}
		}
	}
	c.t.Fatalf("services: no master has slot %d", slot)
	return nil
}
