package services

import (
	"fmt"
	"net"
	"time"
)

// SentinelName is the name under which the sentinels know their primary.
const SentinelName = "sessions"

// A SentinelSet is a Redis primary with replicas, watched by three sentinels
// that promote a replica about a second after the primary has gone.
type SentinelSet struct {
	Nodes     []*RedisNode // the first started as primary
	Sentinels []*RedisNode
	t         T
}

// Sentinel starts one primary, two replicas and three sentinels, and waits
// until every sentinel knows all of them. The lines of config go to the primary
// and its replicas.
func Sentinel(t T, config ...string) *SentinelSet {
	t.Helper()
	set := &SentinelSet{t: t}
	config = append([]string{"repl-diskless-sync-delay 0", "repl-ping-replica-period 1"}, config...)
	primary := RedisServer(t, RedisOptions{Config: config})
	set.Nodes = append(set.Nodes, primary)
	for range 2 {
		set.Nodes = append(set.Nodes, RedisServer(t, RedisOptions{
			Config: append([]string{fmt.Sprintf("replicaof 127.0.0.1 %d", primary.port)}, config...),
		}))
	}
	await(t, "the replicas follow", 30*time.Second, func() bool {
		return set.Nodes[1].Info("replication", "master_link_status") == "up" &&
			set.Nodes[2].Info("replication", "master_link_status") == "up"
	})
	for range 3 {
		set.Sentinels = append(set.Sentinels, startRedis(t, RedisOptions{Config: []string{
			fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d 2", SentinelName, primary.port),
			"sentinel down-after-milliseconds " + SentinelName + " 800",
			"sentinel failover-timeout " + SentinelName + " 4000",
		}}, "sentinel.conf", "--sentinel"))
	}
	await(t, "the sentinels know each other", 30*time.Second, func() bool {
		for _, s := range set.Sentinels {
			if s.sentinelCount("REPLICAS") != 2 || s.sentinelCount("SENTINELS") != 2 {
				return false
			}
		}
		return true
	})
	return set
}

// Addrs returns where the sentinels are reached.
func (s *SentinelSet) Addrs() []string {
	addrs := make([]string, len(s.Sentinels))
	for i, n := range s.Sentinels {
		addrs[i] = n.Addr()
	}
	return addrs
}

// Primary returns the node that the sentinels take for the primary now.
func (s *SentinelSet) Primary() *RedisNode {
	s.t.Helper()
	for _, sentinel := range s.Sentinels {
		answer, err := sentinel.Do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SentinelName)
		pair, ok := answer.([]any)
		if err != nil || !ok || len(pair) != 2 {
			continue // this one is down
		}
		address := net.JoinHostPort(fmt.Sprint(pair[0]), fmt.Sprint(pair[1]))
		for _, n := range s.Nodes {
			if n.Addr() == address {
				return n
			}
		}
	}
	s.t.Fatalf("services: no sentinel names a primary")
	return nil
}

// Failover waits until the sentinels have promoted another node than old and
// that node accepts writes, and returns it. Kill or freeze old before.
func (s *SentinelSet) Failover(old *RedisNode) *RedisNode {
	s.t.Helper()
	var primary *RedisNode
	await(s.t, "another primary is promoted", 30*time.Second, func() bool {
		primary = s.Primary()
		return primary != old && primary.Info("replication", "role") == "master"
	})
	return primary
}

// sentinelCount returns how many replicas or other sentinels a sentinel knows.
func (n *RedisNode) sentinelCount(what string) int {
	answer, err := n.Do("SENTINEL", what, SentinelName)
	list, ok := answer.([]any)
	if err != nil || !ok {
		return -1
	}
	return len(list)
}
