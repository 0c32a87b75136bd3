package nats

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosessions/sessions/backends"
)

// sweepClaim is the ID of the record by which an instance claims the next sweep. It is
// not a valid ID, so no session has it.
const sweepClaim = "sweep claim"

// sweepGrace is how long an expired record stays, for instances whose clocks are
// behind.
const sweepGrace = time.Minute

// Sweep implements [backends.Sweeper]: it deletes records that expired more than a
// minute ago, and markers. It reads the headers of all messages, in batches, and
// deletes each message with one request, which leaves newer messages under the
// same key alone.
func (b *Backend) Sweep(ctx context.Context) (int, error) {
	deleted := 0
	err := b.scan(ctx, true, func(key string, e entry) error {
		if !e.gone && e.expires.After(time.Now().Add(-sweepGrace)) {
			return nil
		}
		if err := b.purge(ctx, key, e.seq); err != nil {
			return err
		}
		if !e.gone {
			deleted++
		}
		return nil
	})
	return deleted, err
}

// purge deletes the messages under key up to the sequence seq; 0 means all.
func (b *Backend) purge(ctx context.Context, key string, seq uint64) error {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	o, err := b.bucket(ctx)
	if err != nil {
		return err
	}
	options := []jetstream.StreamPurgeOpt{jetstream.WithPurgeSubject(o.subject + key)}
	if seq > 0 {
		options = append(options, jetstream.WithPurgeSequence(seq+1))
	}
	return described(o.stream.Purge(ctx, options...))
}

// sweepAgain sweeps until ctx ends.
func (b *Backend) sweepAgain(ctx context.Context) {
	ticker := time.NewTicker(b.options.SweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		deleted, err := b.sweepOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		if b.options.OnSweep != nil && !errors.Is(err, errElsewhere) {
			b.options.OnSweep(deleted, err)
		}
	}
}

// errElsewhere reports that another instance, or the server itself, sweeps.
var errElsewhere = errors.New("nats: swept elsewhere")

// sweepOnce sweeps if it is this instance's turn.
func (b *Backend) sweepOnce(ctx context.Context) (int, error) {
	opening, cancel := withDeadline(ctx)
	defer cancel()
	o, err := b.bucket(opening)
	if err != nil {
		return 0, err
	}
	if o.expires {
		return 0, errElsewhere
	}
	claim := backends.Record{Data: []byte{1}, TTL: b.options.SweepEvery - b.options.SweepEvery/10}
	err = b.Swap(opening, sweepClaim, nil, claim)
	switch {
	case errors.Is(err, backends.ErrConflict):
		return 0, errElsewhere
	case err != nil:
		return 0, err
	}
	return b.Sweep(ctx)
}
