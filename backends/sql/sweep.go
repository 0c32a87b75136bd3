package sql

import (
	"context"
	"math/rand/v2" //rules:allow because it only keeps timers apart
	"time"

	"github.com/gosessions/sessions/backends"
)

// sweepPage is how many rows of the table a sweep looks at between two pauses.
const sweepPage = 1000

// Sweep deletes every expired row. It reads the table once in the order of IDs,
// in pages of 1000 rows and without locks, and deletes what has expired of a
// page in batches of 100. Several instances may sweep at once.
func (b *Backend) Sweep(ctx context.Context) (int, error) {
	return b.sweep(ctx, func(time.Duration) error { return nil })
}

// sweep is Sweep with pauses: it calls rest after each page with the time that
// the page took.
func (b *Backend) sweep(ctx context.Context, rest func(time.Duration) error) (int, error) {
	page := b.sql().page
	total := 0
	after := firstKey
	for {
		began := time.Now()
		var seen int
		var last []byte
		var expired [][]byte
		err := b.rows(ctx, page, values{id: after, limit: sweepPage}, func() { seen, expired = 0, nil }, func(rows scanner) error {
			var id []byte
			var over bool
			err := rows.Scan(&id, &over)
			seen++
			last = id
			if over {
				expired = append(expired, id)
			}
			return err
		})
		if err != nil {
			return total, err
		}
		for len(expired) > 0 {
			n := min(len(expired), sweepBatch)
			changed, err := b.exec(ctx, b.sql().sweep, values{ids: expired[:n]})
			if err != nil {
				return total, err
			}
			total += int(changed)
			expired = expired[n:]
		}
		if seen < sweepPage {
			return total, nil
		}
		after = last
		if err := rest(time.Since(began)); err != nil {
			return total, err
		}
	}
}

// sweepAgain sweeps in the background until ctx ends.
func (b *Backend) sweepAgain(ctx context.Context, every time.Duration) {
	// A random delay spreads instances that were started together.
	delay := rand.N(every)
	for sleep(ctx, delay) == nil {
		delay = every
		claimed, err := b.claim(ctx, every)
		if claimed {
			var deleted int
			deleted, err = b.sweepGently(ctx, every)
			b.report(ctx, deleted, err)
		} else if err != nil {
			b.report(ctx, 0, err)
		}
	}
}

func (b *Backend) report(ctx context.Context, deleted int, err error) {
	if b.options.OnSweep != nil && ctx.Err() == nil {
		b.options.OnSweep(deleted, err)
	}
}

// sweepGently sweeps for a tenth of the time and leaves the rest to requests.
// It extends its turn for as long as that takes.
func (b *Backend) sweepGently(ctx context.Context, every time.Duration) (int, error) {
	claimed := time.Now()
	return b.sweep(ctx, func(took time.Duration) error {
		if time.Since(claimed) > every/4 {
			claimed = time.Now()
			if _, err := b.exec(ctx, b.sql().touch, values{id: claimKey, ttl: turn(every)}); err != nil {
				return err
			}
		}
		// Do not sleep so long that the turn would end meanwhile.
		return sleep(ctx, min(9*took, every/4))
	})
}

// claimKey is the ID of the row with which an instance claims the sweep. No
// session has this ID; see key.
var claimKey = []byte("\x00sweep")

// claim tries to create the claim's row, and reports whether it is this
// instance's turn.
func (b *Backend) claim(ctx context.Context, every time.Duration) (bool, error) {
	err := b.create(ctx, alone{b}, values{id: claimKey, data: []byte("sweep"), ttl: turn(every)})
	if err == backends.ErrConflict {
		return false, nil
	}
	return err == nil, err
}

// turn returns how long a turn lasts: it ends shortly before its owner asks for
// the next one.
func turn(every time.Duration) time.Duration { return every - every/10 }

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
