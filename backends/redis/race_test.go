package redis_test

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gosessions/sessions/backends"
)

// TestConcurrentSwaps: many change one session at once, each after reading it:
// every success counts once, and a session that was destroyed in the middle
// stays so.
func TestConcurrentSwaps(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		ctx := t.Context()
		p.create(t, "n", owned("0", "alice"))
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				for done := 0; done < 10; {
					r, err := p.Read(ctx, "n")
					if err != nil {
						t.Errorf("Read: %v", err)
						return
					}
					n, _ := strconv.Atoi(string(r.Data))
					err = p.Swap(ctx, "n", r.Data, owned(strconv.Itoa(n+1), "alice"))
					if err == nil {
						done++
					} else if !errors.Is(err, backends.ErrConflict) {
						t.Errorf("Swap: %v", err)
						return
					}
				}
			})
		}
		group.Wait()
		p.holds(t, "n", "200")

		var created atomic.Int64
		for range 20 {
			group.Go(func() {
				if err := p.Swap(ctx, "new", nil, owned("x", "alice")); err == nil {
					created.Add(1)
				} else if !errors.Is(err, backends.ErrConflict) {
					t.Errorf("create: %v", err)
				}
			})
		}
		group.Wait()
		if created.Load() != 1 {
			t.Errorf("%d of 20 created the same session, want 1", created.Load())
		}
	})
}

// TestRES1_RevokeAgainstCommits: "log out everywhere" against commits in
// flight.
func TestRES1_RevokeAgainstCommits(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		ctx := t.Context()
		for round := range 10 {
			subject := fmt.Sprintf("user%d", round)
			var group sync.WaitGroup
			var ids []string
			for i := range 10 {
				id := fmt.Sprintf("%d-%d", round, i)
				ids = append(ids, id)
				p.create(t, id, owned("0", subject))
				group.Go(func() {
					for n := 0; ; n++ {
						err := p.Swap(ctx, id, []byte(strconv.Itoa(n)), owned(strconv.Itoa(n+1), subject))
						if errors.Is(err, backends.ErrNotFound) {
							return
						}
						if err != nil {
							t.Errorf("Swap: %v", err)
							return
						}
					}
				})
			}
			if n, err := p.RevokeSubject(ctx, subject, ""); n != len(ids) || err != nil {
				t.Errorf("RevokeSubject: %d, %v; want %d", n, err, len(ids))
			}
			group.Wait()
			for _, id := range ids {
				p.holds(t, id, "")
			}
		}
	})
}
