package redis_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/internal/services"
)

// TestF10_R37_Resharding: slots move to another node while sessions in them are
// read and changed: nobody notices, and no change is lost.
func TestF10_R37_Resharding(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a cluster")
	}
	cluster := services.RedisCluster(t)
	addrs := cluster.Addrs()
	p := at(t, "redis://"+addrs[0]+"?addr="+strings.Join(addrs[1:], "&addr="))
	ctx := t.Context()

	const count = 20
	var ids []string
	for i := range count {
		ids = append(ids, fmt.Sprintf("id%d", i))
		p.create(t, ids[i], owned("0", "alice"))
	}
	var stop atomic.Bool
	var group sync.WaitGroup
	done := make([]int, count)
	for i, id := range ids {
		group.Go(func() {
			for !stop.Load() {
				r, err := p.Read(ctx, id)
				if err != nil || string(r.Data) != strconv.Itoa(done[i]) {
					t.Errorf("Read: %q, %v; want %d", r.Data, err, done[i])
					return
				}
				if err := p.Swap(ctx, id, r.Data, owned(strconv.Itoa(done[i]+1), "alice")); err != nil {
					t.Errorf("Swap: %v", err)
					return
				}
				done[i]++
			}
		})
	}
	slots := make(map[int]bool)
	for _, id := range ids {
		slots[cluster.Slot(p.prefix+id)] = true
	}
	for slot := range slots {
		cluster.MoveSlot(slot)
	}
	stop.Store(true)
	group.Wait()

	list, err := p.ListSubject(ctx, "alice")
	if len(list) != count || err != nil {
		t.Errorf("ListSubject: %d sessions, %v; want %d", len(list), err, count)
	}
	total := 0
	for i, id := range ids {
		p.holds(t, id, strconv.Itoa(done[i]))
		total += done[i]
	}
	t.Logf("%d changes while %d slots moved", total, len(slots))
	if n, err := p.RevokeSubject(ctx, "alice", ""); n != count || err != nil {
		t.Errorf("RevokeSubject: %d, %v; want %d", n, err, count)
	}
	if _, err := p.Read(ctx, ids[0]); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("Read after RevokeSubject: %v", err)
	}
}
