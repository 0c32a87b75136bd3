package postgres

import (
	"context"
	"errors"
	"math/rand/v2" //rules:allow because it only keeps timers apart
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// sweepPages is how many pages of the table (usually 8 KiB each) one statement
// of a sweep reads. That takes a few milliseconds if every row is deleted,
// during which requests share the processors and the disk with it.
const sweepPages = 64

// Sweep deletes every expired row. It reads the table once from beginning to
// end, in batches of 512 KiB with one statement each, and skips rows that are
// being changed or deleted by another transaction.
func (b *Backend) Sweep(ctx context.Context) (int, error) {
	return b.sweep(ctx, func(time.Duration) error { return nil })
}

// sweep is Sweep with pauses: it calls rest after each batch with the time that
// the batch took.
func (b *Backend) sweep(ctx context.Context, rest func(time.Duration) error) (int, error) {
	var pages int64
	if err := b.row(ctx, b.sql.pages, []any{b.table.Sanitize()}, &pages); err != nil {
		return 0, err
	}
	total := 0
	for first := int64(0); first < pages; first += sweepPages {
		began := time.Now()
		from := pgtype.TID{BlockNumber: uint32(first), Valid: true}
		to := pgtype.TID{BlockNumber: uint32(first + sweepPages), Valid: true}
		deleted, err := b.exec(ctx, b.sql.sweep, from, to, firstKey)
		if err != nil {
			return total, err
		}
		total += int(deleted)
		if err := rest(time.Since(began)); err != nil {
			return total, err
		}
	}
	return total, nil
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
			if _, err := b.exec(ctx, b.sql.touch, claimKey, turn(every)); err != nil {
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
	_, err := b.change(ctx, b.sql.create, claimKey, []byte(nil), turn(every), []byte("sweep"))
	if errors.Is(err, pgx.ErrNoRows) {
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
