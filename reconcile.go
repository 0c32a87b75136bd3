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
type verdict uint8

const (
	undone  verdict = iota // the error that comes with it says why the commit ends
	again                  // not applied; the journal was applied again on top of what is stored: repeat the swap
	applied                // by this commit, whose answer was lost
	ended                  // the record is gone, or a tombstone is in its place
)

// reconcile finds out where a swap of the session's record stands that returned
// err, or, for ErrConflict, waits for this commit's turn first. An error comes
// with undone and ends the commit.
//
// The turn is kept until the commit ends: see commit.unlock.
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
	case c.failure != nil && !c.st.holds.Writes:
		return undone, unknown(c.failure) // this try did nothing, but an earlier one may have
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
	case c.wrote(&found.content): // a tombstone carries the token of its rotation
		return applied, nil
	case found.content.Retired, isPending(&found.content) && found.content.Writes != c.base.content.Writes:
		return ended, nil // a pending record of another request: ours was removed
	case bytes.Equal(found.data, c.base.data):
		// Not applied. That may be tried again, but not for ever. Without write
		// tokens an earlier try may have been applied, and base holds it.
		switch {
		case c.failure == nil || c.tries <= maxFailures:
		case c.st.holds.Writes:
			return undone, c.failure
		default:
			return undone, unknown(c.failure)
		}
	case c.failure != nil && !c.untouched(&found):
		return undone, unknown(c.failure)
	case c.v.refuseConflicts:
		return undone, ErrConflict
	}
	if c.remaining() <= 0 { // local commits have no other deadline
		return undone, c.outOfTime(context.DeadlineExceeded)
	}
	c.base = found
	return again, c.redo()
}

// remaining returns how much of the time for a commit is left.
func (c *commit) remaining() time.Duration { return c.v.timeout - time.Since(c.now) }

// wrote reports whether content is this commit's work, or followed upon it.
func (c *commit) wrote(content *serializer.Content) bool {
	return slices.Contains(content.Writes[:], c.writeToken)
}

// untouched reports whether a write whose answer was lost is known not to be
// part of found, or can do no harm twice.
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

// outOfTime returns why a commit ended without a decision: an error whose outcome
// is open, or a conflict that could not be resolved in time.
func (c *commit) outOfTime(err error) error {
	if c.failure != nil {
		return unknown(c.failure)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

// unknown marks a failure whose outcome is open.
func unknown(err error) error {
	if isUnknown(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
}

func isUnknown(err error) bool { return errors.Is(err, ErrUnknownOutcome) }

// gone is ErrGone for a record that was there a moment ago.
func gone(err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrGone
	}
	return err
}
