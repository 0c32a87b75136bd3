package sessions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// errMovedAway is why Destroy cannot say that the session has ended.
var errMovedAway = fmt.Errorf("%w: it got another ID, and lives on under it: let the client try again", ErrConflict)

// end removes the record that was read as old, with the changes that others have
// made in it since. A tombstone stays: the session is alive under another ID, and
// ErrConflict says so. If the store keeps no tombstones, a record that is not
// there any more is ErrConflict, too: it may have got another ID.
func (v *vault) end(ctx context.Context, st *store, old *snapshot) error {
	data, deadline := old.data, time.Now().Add(v.timeout)
	var lost error // the last answer that left open what happened
	for tries := 0; ; tries++ {
		err := st.swap(ctx, old.id, data, Record{})
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrNotFound):
			return v.vanished(st, lost)
		case !errors.Is(err, ErrConflict) && (tries >= maxFailures || !undecided(err)):
			return err
		case undecided(err):
			lost = err
		}
		var found snapshot
		switch known := st.read(ctx, old.id, fresh, v.lifetime, &found); {
		case errors.Is(known, ErrNotFound):
			return v.vanished(st, lost)
		case found.data == nil:
			return known // the backend's failure
		case known == nil && found.content.Retired:
			return errMovedAway
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("%w: it changes too often to be ended", ErrConflict)
		}
		data = found.data
	}
}

// vanished returns what it means that a record of st was removed by another
// request, or by our own, whose answer was lost. A source's record may have moved
// to the primary store.
func (v *vault) vanished(st *store, lost error) error {
	if lost == nil && (st != v.primary || !st.tombstones()) {
		return errMovedAway
	}
	return nil
}

// bury puts a tombstone under id, where a session that is imported from a source
// is stored or will be, so that no import under way can bring it back.
func (v *vault) bury(ctx context.Context, id string, lifetime time.Duration) error {
	st := v.primary
	c := commit{v: v, st: st, now: time.Now(), writeToken: endedToken}
	tombstone, err := c.tombstone(lifetime)
	if err != nil {
		return err
	}
	end := time.Now().Add(v.timeout)
	for tries := 0; ; tries++ {
		var found snapshot
		err := st.read(ctx, id, fresh, v.lifetime, &found)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil && !errors.Is(err, serializer.ErrCorrupt):
			return err
		case err == nil && found.content.Retired:
			if hasEnded(&found.content) {
				return nil
			}
			return errMovedAway
		}
		var data []byte
		if !errors.Is(err, ErrNotFound) {
			data = found.data
		}
		err = st.swap(ctx, id, data, tombstone)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound):
		case tries >= maxFailures || !undecided(err):
			return err
		}
		if !time.Now().Before(end) {
			return fmt.Errorf("%w: it changes too often to be ended", ErrConflict)
		}
	}
}

// endedToken is the write token of a tombstone that stands for a session which
// has ended, and not for one that got another ID.
const endedToken = 1

func hasEnded(content *serializer.Content) bool {
	return content.Writes[len(content.Writes)-1] == endedToken
}

// endPending ends what a request that died on its way may have left in the
// primary store for the source's record under id.
func (v *vault) endPending(ctx context.Context, subject, id string) error {
	list, err := v.primary.list(ctx, subject)
	if err != nil {
		return err
	}
	for _, e := range list {
		var content serializer.Content
		if v.primary.format.Unpack(e.Record.Data, &content) != nil || !isPending(&content) || content.Writes[2] != originOf(id) {
			continue
		}
		if err := v.end(ctx, v.primary, &snapshot{id: e.ID, data: e.Record.Data}); err != nil {
			return err
		}
	}
	return nil
}
