package sessions

import (
	"context"
	"errors"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// rotate stores the session under a new ID and leaves a marker under the old
// one, so that a request which still carries it finds an empty session and
// cannot store anything. The client gets the new token only after that.
func (j *job) rotate(ctx context.Context) error {
	j.kind = EventRegenerated
	id := j.st.key(j.token)
	if j.st.rotates {
		return j.rotateAtOnce(ctx, j.token, id)
	}
	return j.rotateInSteps(ctx, j.token, id)
}

// marker returns what takes the place of the old record: nothing where the
// format has no room for it.
func (j *job) marker() (Record, error) {
	if !j.st.holds.Retired {
		return Record{}, nil
	}
	content := serializer.Content{Created: j.content.Created, Lifetime: j.content.Lifetime, Retired: true}
	content.Writes[len(content.Writes)-1] = j.own
	data, err := j.st.format.Pack(&content)
	return Record{Data: data, TTL: markerLifetime}, err
}

func (j *job) rotateAtOnce(ctx context.Context, token, id string) error {
	marker, err := j.marker()
	if err != nil {
		return err
	}
	for {
		record, err := j.pack(j.content)
		if err != nil {
			return err
		}
		attempt, cancel := j.attempt(ctx)
		err = backends.Rotate(attempt, j.st.backend, j.old.id, j.old.data, marker, id, record)
		cancel()
		j.tries++
		if err != nil {
			// An earlier try may have been carried out although its answer was
			// lost: then the new record is there.
			var found stored
			known := j.st.read(ctx, id, true, j.mw.config.Lifetime, &found)
			switch {
			case known == nil && j.isOurs(&found, record):
				err = nil
			case !errors.Is(known, ErrNotFound):
				return unknown(backends.OpRotate, err)
			}
		}
		if err == nil {
			j.done(token, id, record, true)
			return nil
		}
		if _, err := j.settle(ctx, err); err != nil {
			return err
		}
	}
}

func (j *job) rotateInSteps(ctx context.Context, token, id string) error {
	record, err := j.pack(j.content)
	if err != nil {
		return err
	}
	if err := j.insert(ctx, id, record); err != nil {
		return err
	}
	for {
		marked, err := j.mark(ctx)
		switch {
		case marked:
			j.done(token, id, record, true)
			return nil
		case errors.Is(err, ErrUnknownOutcome):
			// The marker may be in place, and then the new record is all that
			// is left. It stays, and expires if nobody gets to know its ID.
			return err
		case err != nil:
			return errors.Join(err, wrapNil(backends.OpRemove, j.st.backend.Remove(ctx, id)))
		}
		// The session was changed under its old ID: carry that over.
		before := record.Data
		if record, err = j.pack(j.content); err != nil {
			return err
		}
		if err := j.st.swap(ctx, id, before, record); err != nil {
			return unknown(backends.OpSwap, err)
		}
	}
}

// mark replaces the old record by a marker. If the session was changed
// meanwhile, its content is new and mark is to be called again.
func (j *job) mark(ctx context.Context) (marked bool, _ error) {
	marker, err := j.marker()
	if err != nil {
		return false, err
	}
	attempt, cancel := j.attempt(ctx)
	defer cancel()
	j.tries++
	err = j.st.swap(attempt, j.old.id, j.old.data, marker)
	if err == nil {
		return true, nil
	}
	found, err := j.settle(ctx, err)
	if j.failure != nil && marker.Data == nil && errors.Is(err, ErrGone) {
		// Removed, by this commit or by somebody's logout.
		return false, unknown(backends.OpSwap, j.failure)
	}
	return found != nil, err
}
