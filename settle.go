package sessions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// maxFailures is how often a commit is tried again after an error of which it
// is known that nothing was stored.
const maxFailures = 2

// settle finds out where a swap of the session's record stands that returned
// err. If it turns out to be carried out, settle returns what is stored.
// Otherwise the journal has been done again on top of what is stored, and the
// swap is to be repeated.
func (j *job) settle(ctx context.Context, err error) (*stored, error) {
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, ErrGone
	case !errors.Is(err, ErrConflict):
		j.failure = wrap(backends.OpSwap, err)
	case j.leave == nil:
		leave, err := j.mw.queue.enter(ctx, j.old.id)
		if err != nil {
			return nil, j.lost(err)
		}
		j.leave = leave
	}
	var found stored
	if err := j.st.read(ctx, j.old.id, true, j.mw.config.Lifetime, &found); err != nil {
		if errors.Is(err, ErrNotFound) {
			return nil, ErrGone
		}
		return nil, j.lost(err)
	}
	found.token = j.old.token
	switch {
	case j.wrote(&found.content):
		return &found, nil
	case found.content.Retired:
		return nil, ErrGone
	case bytes.Equal(found.data, j.old.data):
		// Not applied. That may be tried again, but not for ever.
		if j.failure != nil && j.tries > maxFailures {
			return nil, j.failure
		}
	case j.failure != nil && !j.untouched(&found.content):
		return nil, unknown(backends.OpSwap, j.failure)
	case j.mw.config.Strict:
		return nil, ErrConflict
	}
	if time.Since(j.now) >= j.mw.config.Timeout { // local commits have no other
		return nil, j.lost(context.DeadlineExceeded)
	}
	j.old = found
	return nil, j.redo()
}

// wrote tells whether the record with this content is this commit's work, or
// followed upon it.
func (j *job) wrote(content *serializer.Content) bool {
	return slices.Contains(content.Writes[:], j.own)
}

// untouched tells whether a write whose answer was lost is known not to be part
// of content, or can do no harm twice.
func (j *job) untouched(content *serializer.Content) bool {
	if j.st.holds.Writes {
		before := j.old.content.Writes[len(j.old.content.Writes)-1]
		return before != 0 && slices.Contains(content.Writes[:], before)
	}
	for i := range j.journal {
		if !j.journal[i].idempotent() {
			return false
		}
	}
	return true
}

// lost returns why a commit ended without a decision: an error whose outcome
// is open, or a conflict that could not be resolved in time.
func (j *job) lost(err error) error {
	if j.failure != nil {
		return unknown(backends.OpSwap, j.failure)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return wrap(backends.OpRead, err)
}

// unknown marks a failure whose outcome is open.
func unknown(op backends.Op, err error) error {
	var backend *BackendError
	if !errors.As(err, &backend) {
		err = wrap(op, err)
	}
	return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
}

// gone is ErrGone for a record that was there a moment ago.
func gone(err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrGone
	}
	return err
}
