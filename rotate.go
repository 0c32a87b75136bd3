package sessions

import (
	"context"
	"errors"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// tombstoneLifetime is how long a retired ID is remembered.
const tombstoneLifetime = time.Minute

// rotate stores the session under a new ID and leaves a tombstone under the old
// one, so that a request which still carries the old token finds an empty session
// and cannot store anything. The client gets the new token only after that.
func (c *commit) rotate(ctx context.Context) error {
	c.kind = EventRegenerated
	id := c.st.key(c.newToken)
	if c.st.rotates {
		return c.rotateAtOnce(ctx, id)
	}
	return c.rotateInSteps(ctx, id)
}

// tombstone returns what takes the place of a record that leaves its ID: nothing
// if the format has no room for it.
//
// Its deadline is in the record, too, so that a late touch of the old ID does not
// extend its life.
func (c *commit) tombstone(lifetime time.Duration) (Record, error) {
	return packTombstone(c.st, c.now, lifetime, c.writeToken)
}

// packTombstone returns a tombstone for st with one write token.
func packTombstone(st *store, now time.Time, lifetime time.Duration, token uint64) (Record, error) {
	if !st.tombstones() {
		return Record{}, nil
	}
	content := serializer.Content{Created: now.Truncate(time.Second), Lifetime: lifetime, Retired: true}
	addWrite(&content, token)
	data, err := st.format.Pack(&content)
	return Record{Data: data, TTL: lifetime}, err
}

func (c *commit) rotateAtOnce(ctx context.Context, id string) error {
	tombstone, err := c.tombstone(tombstoneLifetime)
	if err != nil {
		return err
	}
	for {
		record, err := c.pack(c.content)
		if err != nil {
			return err
		}
		attempt, cancel := c.attempt(ctx)
		err = c.st.rotate(attempt, c.base.id, c.base.data, tombstone, id, record)
		cancel()
		c.tries++
		if undecided(err) || err != nil && c.failure != nil {
			// This try, or an earlier one, may have been carried out although its
			// answer was lost: then the new record is there.
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
			return unknown(c.failure) // rotated and then ended, or ended before
		case found != again:
			return ErrGone // also if the rotation was applied: the new record has ended
		}
	}
}

// arrived reports whether this commit's record is stored under its new ID. An
// error means that the backend does not say.
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

func (c *commit) rotateInSteps(ctx context.Context, id string) error {
	record, err := c.pack(c.content)
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
			// The tombstone may be in place, and then the new record is all that
			// is left. It stays, and expires if no client learns its ID.
			return err
		case err != nil:
			return errors.Join(err, c.st.remove(ctx, id))
		case found == ended:
			return errors.Join(ErrGone, c.st.remove(ctx, id))
		}
		// The session was changed under its old ID: carry that over.
		before := record.Data
		if record, err = c.pack(c.content); err != nil {
			return err
		}
		if err := c.st.swap(ctx, id, before, record); err != nil {
			return unknown(err)
		}
	}
}

// retire puts a tombstone in place of the old record. For the verdict again the
// session was changed meanwhile, and its content is new.
func (c *commit) retire(ctx context.Context) (verdict, error) {
	tombstone, err := c.tombstone(tombstoneLifetime)
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
		// Removed, by this commit or by a logout.
		return undone, unknown(c.failure)
	}
	return found, err
}
