package nats

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2" //rules:allow because the length of a pause is not a secret
	"time"

	"github.com/gosessions/sessions/backends"
)

// Read implements [backends.Backend]: one request.
func (b *Backend) Read(ctx context.Context, id string) (backends.Record, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	o, err := b.bucket(ctx)
	if err != nil {
		return backends.Record{}, err
	}
	e, err := b.get(ctx, o, id)
	if err != nil {
		return backends.Record{}, err
	}
	record, ok := e.live(id, time.Now())
	if !ok {
		return backends.Record{}, backends.ErrNotFound
	}
	return record, nil
}

// Exists implements [backends.Backend] by Read.
func (b *Backend) Exists(ctx context.Context, id string) (bool, error) {
	_, err := b.Read(ctx, id)
	if errors.Is(err, backends.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Write implements [backends.Backend]: one publication.
func (b *Backend) Write(ctx context.Context, id string, record backends.Record) (string, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	o, err := b.bucket(ctx)
	if err != nil {
		return "", backends.NotApplied(err)
	}
	if err := o.accepts(record); err != nil {
		return "", err
	}
	m := o.message(id, record)
	if err := o.tooLarge(m, b.maxPayload()); err != nil {
		return "", err
	}
	return id, b.send(ctx, m, nil)
}

// Remove implements [backends.Backend]: one request and, if there is a record, one
// publication.
func (b *Backend) Remove(ctx context.Context, id string) error {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	o, err := b.bucket(ctx)
	if err != nil {
		return backends.NotApplied(err)
	}
	e, err := b.get(ctx, o, id)
	switch {
	case err != nil:
		return backends.NotApplied(err)
	case e.seq == 0 || e.gone:
		return nil // a marker for every ID that clients invent would fill the bucket
	}
	return b.send(ctx, o.message(id, backends.Record{}), nil)
}

// Swap implements [backends.Swapper]: one publication for a new record; for others one
// request, which learns the revision, and one publication, which names it.
func (b *Backend) Swap(ctx context.Context, id string, old []byte, new backends.Record) error {
	if old == nil && new.Data == nil {
		return errNothing
	}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	o, err := b.bucket(ctx)
	if err != nil {
		return backends.NotApplied(err)
	}
	if new.Data != nil {
		if err := o.accepts(new); err != nil {
			return err
		}
		if err := o.tooLarge(o.message(id, new), b.maxPayload()); err != nil {
			return err
		}
	}
	return b.change(ctx, o, id, old == nil, func(current backends.Record, found bool) (backends.Record, error) {
		switch {
		case found && old == nil:
			return backends.Record{}, backends.ErrConflict
		case !found && old != nil:
			return backends.Record{}, backends.ErrNotFound
		case !bytes.Equal(current.Data, old):
			return backends.Record{}, backends.ErrConflict
		}
		return new, nil
	})
}

// Touch implements [backends.Toucher]: one request and one publication, because
// JetStream cannot change a stored message. It never stores older data: if the record
// changes meanwhile, it touches what is stored then.
func (b *Backend) Touch(ctx context.Context, id string, ttl time.Duration) (string, error) {
	if ttl <= 0 {
		return "", errNoTTL
	}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	o, err := b.bucket(ctx)
	if err != nil {
		return "", backends.NotApplied(err)
	}
	return id, b.change(ctx, o, id, false, func(current backends.Record, found bool) (backends.Record, error) {
		if !found {
			return backends.Record{}, backends.ErrNotFound
		}
		current.TTL = ttl
		return current, o.accepts(current)
	})
}

// change replaces the record under id by what decide makes of it, if it is still
// there; without data decide removes it. If fresh is set, change first assumes that
// nothing is stored. If something else was stored meanwhile, it calls decide again,
// until ctx ends. That is certain: an acknowledgment that does not come ends it, too.
func (b *Backend) change(ctx context.Context, o *bucket, id string, fresh bool, decide func(current backends.Record, found bool) (backends.Record, error)) error {
	for try := 0; ; try++ {
		var e entry
		if !fresh || try > 0 {
			var err error
			if e, err = b.get(ctx, o, id); err != nil {
				return backends.NotApplied(err) // every earlier try was refused
			}
		}
		next, err := decide(e.live(id, time.Now()))
		if err != nil {
			return err
		}
		err = b.send(ctx, o.message(id, next), &e.seq)
		if !errors.Is(err, errSequence) {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return backends.NotApplied(err)
		}
	}
}

// pause lets others finish before the next try, so that many who want to change one
// record do not refuse one another for long.
func pause(ctx context.Context, try int) error {
	most := time.Millisecond << min(try, 5)
	timer := time.NewTimer(rand.N(most))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
