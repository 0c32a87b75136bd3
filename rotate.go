package sessions

import (
	"context"
	"errors"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// tombstoneLifetime is how long a retired ID is remembered.
const tombstoneLifetime = time.Minute

// rotate stores the session under a new ID and leaves a tombstone under the old one.
// A request that still carries the old token gets an empty session and cannot store
// anything. The client gets the new token only after both are stored.
func (c *commit) rotate(ctx context.Context) error {
	c.kind = EventRegenerated
	id := c.st.key(c.newToken)
	if c.st.rotates {
		return c.rotateAtOnce(ctx, id)
	}
	return c.rotateInSteps(ctx, id)
}

// tombstone returns the record that takes the place of a session which leaves
// id. It is the zero Record, which removes, if the store keeps no tombstones.
//
// The tombstone contains its deadline, so that a late touch of the old ID does not
// extend it.
func (c *commit) tombstone(id string, lifetime time.Duration) (Record, error) {
	return packTombstone(c.st, id, c.now, lifetime, 0, c.writeToken)
}

// packTombstone returns a tombstone for id in st with the given write tokens.
func packTombstone(st *store, id string, now time.Time, lifetime time.Duration, tokens ...uint64) (Record, error) {
	if !st.tombstones() {
		return Record{}, nil
	}
	content := serializer.Content{Created: now.Truncate(time.Second), Lifetime: lifetime, Retired: true}
	for _, token := range tokens {
		addWrite(&content, token)
	}
	data, err := st.pack(id, &content)
	return Record{Data: data, TTL: lifetime}, err
}

// rotateAtOnce is rotate for a backend that stores both records in one step.
func (c *commit) rotateAtOnce(ctx context.Context, id string) error {
	tombstone, err := c.tombstone(c.base.id, tombstoneLifetime)
	if err != nil {
		return err
	}
	for {
		record, err := c.pack(id, &c.content)
		if err != nil {
			return err
		}
		attempt, cancel := c.attempt(ctx)
		err = c.st.rotate(attempt, c.base.id, c.base.data, tombstone, id, record)
		cancel()
		c.tries++
		if undecided(err) || err != nil && c.failure != nil {
			// This attempt, or an earlier one, may have been applied although its
			// answer was lost. In that case the new record is there.
			switch arrived, known := c.arrived(ctx, id, record); {
			case known != nil:
				return unknown(err)
			case arrived:
				err = nil
			}
		}
		if err == nil {
			c.done(c.newToken, id, record, true)
			return nil
		}
		found, err := c.reconcile(ctx, err)
		switch {
		case err != nil:
			return err
		case found == ended && c.failure != nil && !c.st.tombstones():
			return unknown(c.failure) // the session ended after the rotation, or before it
		case found != again:
			return ErrGone // if the rotation was applied, the new record has ended since
		}
	}
}

// arrived reports whether this commit's record is stored under its new ID. If it
// cannot find out, it returns an error.
func (c *commit) arrived(ctx context.Context, id string, record Record) (bool, error) {
	var found snapshot
	err := c.st.read(ctx, id, fresh, c.v.lifetime, &found)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case !c.isOurs(&found, record):
		return false, ErrConflict
	}
	return true, nil
}

// rotateInSteps is rotate for a backend that cannot store both records in one step:
// it creates the new record and then replaces the old one by the tombstone.
func (c *commit) rotateInSteps(ctx context.Context, id string) error {
	record, err := c.pack(id, &c.content)
	if err != nil {
		return err
	}
	if err := c.insert(ctx, id, record); err != nil {
		return err
	}
	for {
		found, err := c.retire(ctx)
		switch {
		case found == applied:
			c.done(c.newToken, id, record, true)
			return nil
		case errors.Is(err, ErrUnknownOutcome):
			// If the tombstone is in place, only the new record is left: it must
			// stay. It expires if no client learns its ID.
			return err
		case err != nil:
			return errors.Join(err, c.st.remove(ctx, id))
		case found == ended:
			return errors.Join(ErrGone, c.st.remove(ctx, id))
		}
		// Another request changed the session under its old ID: store that under
		// the new one too.
		before := record.Data
		if record, err = c.pack(id, &c.content); err != nil {
			return err
		}
		switch err := c.st.swap(ctx, id, before, record); {
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrConflict):
			return ErrGone // revoked under its new ID
		case err != nil:
			return unknown(err)
		}
	}
}

// retire replaces the old record by a tombstone. The verdict again means that another
// request changed the session, and that content now contains its changes.
func (c *commit) retire(ctx context.Context) (verdict, error) {
	tombstone, err := c.tombstone(c.base.id, tombstoneLifetime)
	if err != nil {
		return undone, err
	}
	attempt, cancel := c.attempt(ctx)
	defer cancel()
	c.tries++
	err = c.st.swap(attempt, c.base.id, c.base.data, tombstone)
	if err == nil {
		return applied, nil
	}
	found, err := c.reconcile(ctx, err)
	if found == ended && c.failure != nil && tombstone.Data == nil {
		// Either this commit or a logout removed the record.
		return undone, unknown(c.failure)
	}
	return found, err
}
