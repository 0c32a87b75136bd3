package faults_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// TestF9_R27_RedisSentinel: the primary of three servers fails, and three
// sentinels promote a replica. Replication is asynchronous, so what was
// acknowledged last may be lost: how much is counted. The other promises hold.
func TestF9_R27_RedisSentinel(t *testing.T) {
	if testing.Short() {
		t.Skip("takes minutes")
	}
	const many = 1 << 20
	for _, test := range []struct {
		name        string
		rounds      int
		config      []string
		least, most int // how much is lost
		harm        func(t *testing.T, set *services.SentinelSet, primary *services.RedisNode) (mend func())
	}{
		{"killed", 3, nil, 0, many, killed},
		{"frozen", 2, nil, 0, many, func(_ *testing.T, _ *services.SentinelSet, primary *services.RedisNode) func() {
			primary.Freeze()
			return primary.Thaw
		}},
		{"asleep", 2, nil, 0, many, func(t *testing.T, _ *services.SentinelSet, primary *services.RedisNode) func() {
			awake := make(chan struct{})
			go func() {
				tell(t, primary, "DEBUG", "SLEEP", "4")
				close(awake)
			}()
			return func() { <-awake }
		}},
		{"cut off, then killed", 2, nil, 1, many, cutOffAndKilled},
		// Only what is acknowledged before the primary notices is lost.
		{"cut off, then killed, with min-replicas-to-write", 2, []string{"min-replicas-to-write 1", "min-replicas-max-lag 1"}, 0, 20, cutOffAndKilled},
	} {
		t.Run(test.name, func(t *testing.T) {
			set := services.Sentinel(t, test.config...)
			p := sentinelPlan(set)
			p.loses = true
			w := newWorld(t, p)
			var slowest time.Duration
			w.run(fault{
				name: "F9 Redis: primary " + test.name,
				strike: func(w *world) {
					for range test.rounds {
						primary := set.Primary()
						began, before := time.Now(), w.written()
						mend := test.harm(t, set, primary)
						set.Failover(primary)
						slowest = max(slowest, time.Since(began))
						w.heal()
						mend()
						awaitReplicas(t, set)
						w.faults.Add(1)
						if w.written() == before {
							t.Error("nobody has written since")
						}
					}
					w.remark = fmt.Sprintf("%d failovers, within %v; %d changes acknowledged", failovers(t, set), slowest.Round(10*time.Millisecond), w.written())
				},
				mustRefuse: true,
				mayRefuse:  1,
			})
			n := w.lost() + w.count(noResurrection)
			if n < test.least || n > test.most && failovers(t, set) == test.rounds {
				t.Errorf("%d changes and ends were lost, want %d to %d", n, test.least, test.most)
			}
		})
	}
}

func killed(t *testing.T, _ *services.SentinelSet, primary *services.RedisNode) (mend func()) {
	primary.Kill()
	return func() {
		// By itself it must not come back before it has been replaced: it would be
		// empty, and its replicas would follow it.
		if err := primary.Restart(); err != nil {
			t.Error(err)
		}
	}
}

// cutOffAndKilled lets a primary go on for a while without anybody to follow it,
// as one does that is on the wrong side of a broken network.
func cutOffAndKilled(t *testing.T, set *services.SentinelSet, primary *services.RedisNode) (mend func()) {
	tell(t, primary, "ACL", "SETUSER", "default", "-psync", "-sync")
	tell(t, primary, "CLIENT", "KILL", "TYPE", "replica")
	time.Sleep(500 * time.Millisecond)
	return killed(t, set, primary)
}

// failovers counts how often the sentinels have promoted a replica. On a machine
// that is too busy they do so without need, and another loses what it has
// acknowledged.
func failovers(t *testing.T, set *services.SentinelSet) int {
	t.Helper()
	state, _ := tell(t, set.Sentinels[0], "SENTINEL", "MASTER", services.SentinelName).([]any)
	for i := 0; i+1 < len(state); i += 2 {
		if state[i] == "config-epoch" {
			n, _ := strconv.Atoi(fmt.Sprint(state[i+1]))
			return n
		}
	}
	t.Error("a sentinel has no epoch")
	return 0
}

// awaitReplicas waits until the primary has its two replicas again.
func awaitReplicas(t *testing.T, set *services.SentinelSet) {
	t.Helper()
	await(t, "two replicas follow", func() bool {
		up, primary := 0, set.Primary()
		for _, n := range set.Nodes {
			if n != primary && n.Info("replication", "role") == "slave" && n.Info("replication", "master_link_status") == "up" {
				up++
			}
		}
		return up == 2
	})
}

// sentinelPlan is a world over the primary that the sentinels name.
func sentinelPlan(set *services.SentinelSet) plan {
	addrs := set.Addrs()
	return namedPlan(set.Nodes, "redis://"+addrs[0]+"?master_name="+services.SentinelName+"&addr="+strings.Join(addrs[1:], "&addr="))
}

// namedPlan is a world over several servers, whose clients have a name by which
// they are told from what the servers are to each other.
func namedPlan(nodes []*services.RedisNode, url string) plan {
	return plan{
		backend: func(t *testing.T) sessions.Backend {
			b, err := redis.Open(url+"&client_name=faults", nil)
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
		leaks: func() (count int) {
			for _, n := range nodes {
				if list, err := n.Do("CLIENT", "LIST"); err == nil {
					count += strings.Count(list.(string), "name=faults ")
				}
			}
			return count
		},
	}
}
