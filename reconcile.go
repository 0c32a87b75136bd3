package sessions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// verdict is what reconcile finds out about a swap that returned an error.
// docs/architecture.md has a table of how it decides.
type verdict uint8

const (
	undone  verdict = iota // the commit must end with the error that comes with the verdict
	again                  // the swap was not applied, and the journal was applied to what is stored now: repeat the swap
	applied                // the swap was applied, but its answer was lost
	ended                  // the record is gone, or a tombstone is in its place
)

// reconcile finds out whether a swap of the session's record that returned err was
// applied. It returns an error only with the verdict undone.
//
// For ErrConflict it first waits for the record's lock in vault.locks, unless this
// commit holds it. The commit keeps the lock until it ends: see commit.unlock.
func (c *commit) reconcile(ctx context.Context, err error) (verdict, error) {
	switch {
	case errors.Is(err, ErrNotFound):
		return ended, nil
	case errors.Is(err, ErrConflict):
		if c.unlock == nil {
			unlock, err := c.v.locks.lock(ctx, c.base.id, c.remaining())
			if err != nil {
				return undone, c.outOfTime(err)
			}
			c.unlock = unlock
		}
	case undecided(err):
		c.failure = err
	default:
		return undone, err // nothing was done
	}
	var found snapshot
	if err := c.st.read(ctx, c.base.id, fresh, c.v.lifetime, &found); err != nil {
		if errors.Is(err, ErrNotFound) {
			return ended, nil
		}
		return undone, c.outOfTime(err)
	}
	found.token = c.base.token
	switch {
	case c.wrote(&found.content): // a tombstone carries the write token of its rotation
		return applied, nil
	case found.content.Retired:
		return ended, nil
	case bytes.Equal(found.data, c.base.data):
		// The swap was not applied. Repeat it, but not for ever.
		if c.failure != nil && c.tries > maxFailures {
			return undone, c.failure
		}
	case c.failure != nil && !c.untouched(&found):
		return undone, unknown(c.failure)
	case c.v.refuseConflicts:
		return undone, ErrConflict
	}
	if c.remaining() <= 0 { // the context of a local commit has no deadline
		return undone, c.outOfTime(context.DeadlineExceeded)
	}
	c.base = found
	return again, c.redo()
}

// remaining returns how much of Config.Timeout is left for this commit.
func (c *commit) remaining() time.Duration { return c.v.timeout - time.Since(c.now) }

// wrote reports whether this commit wrote content, or an earlier state of it.
func (c *commit) wrote(content *serializer.Content) bool {
	return slices.Contains(content.Writes[:], c.writeToken)
}

// untouched reports whether it is safe to apply the journal to found after an answer
// was lost: either the lost write is certainly not part of found, or applying the
// journal twice does no harm.
func (c *commit) untouched(found *snapshot) bool {
	if c.st.holds.Writes {
		before := c.base.content.Writes[len(c.base.content.Writes)-1]
		return before != 0 && slices.Contains(found.content.Writes[:], before)
	}
	for i := range c.journal {
		if !c.journal[i].idempotent() {
			return false
		}
	}
	return true
}

// outOfTime returns the error of a commit that err, such as the end of its time, ends
// without a decision: ErrUnknownOutcome if an answer was lost before, ErrConflict if
// the time ran out, otherwise err.
func (c *commit) outOfTime(err error) error {
	if c.failure != nil {
		return unknown(c.failure)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

// unknown returns err as an ErrUnknownOutcome.
func unknown(err error) error {
	if isUnknown(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
}

func isUnknown(err error) bool { return errors.Is(err, ErrUnknownOutcome) }

// gone returns ErrGone instead of ErrNotFound, and other errors as they are. It is
// for a record that existed a moment ago.
func gone(err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrGone
	}
	return err
}
