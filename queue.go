package sessions

import (
	"context"
	"sync"
	"sync/atomic"
)

// queue lets the commits of this process that conflicted on one record take
// turns, so that only processes compete.
type queue struct {
	mu    sync.Mutex
	turns map[string]*turn
	inUse atomic.Int32 // how many turns there are, for whom none matters
}

type turn struct {
	taken   chan struct{} // holds one element while somebody has the turn
	waiting int
}

// busy tells whether a commit has the turn of id, or waits for it.
func (q *queue) busy(id string) bool {
	if q.inUse.Load() == 0 {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.turns[id] != nil
}

// enter waits for the turn of id. The function it returns ends the turn.
func (q *queue) enter(ctx context.Context, id string) (leave func(), err error) {
	q.mu.Lock()
	if q.turns == nil {
		q.turns = make(map[string]*turn)
	}
	t := q.turns[id]
	if t == nil {
		t = &turn{taken: make(chan struct{}, 1)}
		q.turns[id] = t
		q.inUse.Add(1)
	}
	t.waiting++
	q.mu.Unlock()

	done := func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if t.waiting--; t.waiting == 0 {
			delete(q.turns, id)
			q.inUse.Add(-1)
		}
	}
	select {
	case t.taken <- struct{}{}:
		return func() { <-t.taken; done() }, nil
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
}
