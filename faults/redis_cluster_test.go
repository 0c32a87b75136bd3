package faults_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/internal/services"
)

// TestF10_RedisCluster: masters of a cluster are killed, and change places with
// their replicas, and slots move from one to another.
func TestF10_RedisCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	for _, test := range []struct {
		name   string
		loses  bool // replication is asynchronous
		refuse float64
		strike func(t *testing.T, w *world, cluster *services.Cluster)
	}{
		{"masters killed", true, 1, func(t *testing.T, w *world, cluster *services.Cluster) {
			for i, master := range cluster.Nodes {
				master.Kill()
				await(t, "a replica is promoted", hasRole(cluster.Replicas[i], "master"))
				cluster.AwaitUp()
				w.heal()
				if err := master.Restart(); err != nil {
					t.Fatal(err)
				}
				cluster.AwaitUp()
				w.faults.Add(1)
			}
		}},
		{"masters change places with their replicas", false, 0.05, func(t *testing.T, w *world, cluster *services.Cluster) {
			masters, replicas := cluster.Nodes, cluster.Replicas
			for range 3 {
				for i := range masters {
					promote(t, replicas[i])
					await(t, "a server is no longer a master", hasRole(masters[i], "slave"))
					cluster.AwaitUp()
					w.faults.Add(1)
					// Votes for one pair count for four seconds, also for the next
					// change.
					time.Sleep(3 * time.Second)
				}
				masters, replicas = replicas, masters
			}
		}},
		{"slots move", false, 0.01, func(t *testing.T, w *world, cluster *services.Cluster) {
			for end := time.Now().Add(20 * time.Second); time.Now().Before(end); w.faults.Add(1) {
				cluster.MoveSlot(cluster.Slot(someKey(t, cluster)))
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cluster := services.RedisCluster(t)
			cluster.AddReplicas()
			p := namedPlan(slices.Concat(cluster.Nodes, cluster.Replicas),
				"redis://"+cluster.Nodes[0].Addr()+"?addr="+strings.Join(cluster.Addrs()[1:], "&addr="))
			p.loses = test.loses
			w := newWorld(t, p)
			w.run(fault{
				name:       "F10 Redis Cluster: " + test.name,
				strike:     func(w *world) { test.strike(t, w, cluster) },
				mustRefuse: test.refuse == 1,
				mayRefuse:  test.refuse,
			})
			for text := range w.failures {
				for _, redirection := range []string{"CROSSSLOT", "MOVED", "ASK", "TRYAGAIN"} {
					if strings.Contains(text, redirection) {
						t.Errorf("not followed: %s", text)
					}
				}
			}
		})
	}
}

func hasRole(n *services.RedisNode, role string) func() bool {
	return func() bool { return n.Info("replication", "role") == role }
}

// promote makes a replica change places with its master, which does not listen
// as long as it has not heard that this is its replica.
func promote(t *testing.T, replica *services.RedisNode) {
	t.Helper()
	var again time.Time
	await(t, "a replica is promoted", func() bool {
		if time.Now().After(again) {
			tell(t, replica, "CLUSTER", "FAILOVER")
			again = time.Now().Add(time.Second)
		}
		return hasRole(replica, "master")()
	})
}

// await waits until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: still not so after half a minute", what)
		}
	}
}

// someKey returns the key of a session, or of an index, that is in use.
func someKey(t *testing.T, cluster *services.Cluster) (key string) {
	t.Helper()
	await(t, "a session is found", func() bool {
		node := cluster.Nodes[rand.IntN(len(cluster.Nodes))]
		if key, _ = tell(t, node, "RANDOMKEY").(string); key == "" {
			return false
		}
		ttl, ok := tell(t, node, "PTTL", key).(int64)
		return ok && ttl > time.Minute.Milliseconds() // and no tombstone that a session has left behind
	})
	return key
}
