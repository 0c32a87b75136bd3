package sessions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// errMovedAway reports a session that has a new ID, so that it cannot be ended under
// its old one.
var errMovedAway = fmt.Errorf("%w: the session has not ended, because another request gave it a new ID: let the client try again", ErrConflict)

// end removes the record that was read as old, even if other requests have changed
// it since. If there is a tombstone instead, the session has another ID: end leaves
// the tombstone alone and returns an ErrConflict. If the store keeps no tombstones,
// end also returns it for a record that is gone, because the session may have another
// ID. No lock is held.
func (v *vault) end(ctx context.Context, st *store, old *snapshot) error {
	if st.stateless {
		return st.endToken(ctx, old.id)
	}
	data, deadline := old.data, time.Now().Add(v.timeout)
	var lost error // of the last attempt whose outcome is unknown
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
			return known // the backend failed
		case known == nil && found.content.Retired:
			return errMovedAway
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("%w: other requests change the session too often for it to be ended", ErrConflict)
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

// endToken ends the session of a token that a stateless store has issued, if the
// store can.
func (st *store) endToken(ctx context.Context, token string) error {
	if !st.ends() {
		return nil
	}
	err := st.remove(ctx, token)
	if errors.Is(err, ErrConflict) {
		return errMovedAway
	}
	return err
}

// bury puts a tombstone under id, the new ID of a session from a source, so that no
// request that is moving the session can bring it back. No lock is held.
func (v *vault) bury(ctx context.Context, id string, lifetime time.Duration) error {
	st := v.primary
	c := commit{v: v, st: st, now: time.Now(), writeToken: endedToken}
	tombstone, err := c.tombstone(id, lifetime)
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
			return fmt.Errorf("%w: other requests change the session too often for it to be ended", ErrConflict)
		}
	}
}

// endedToken is the write token of a tombstone for a session that has ended. Other
// tombstones are for sessions that got a new ID.
const endedToken = 1

// hasEnded reports whether content is that of a tombstone for a session that has
// ended.
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
		if v.primary.unpack(e.ID, e.Record.Data, &content) != nil || !isPending(&content) || content.Writes[2] != originOf(id) {
			continue
		}
		if err := v.end(ctx, v.primary, &snapshot{id: e.ID, data: e.Record.Data}); err != nil {
			return err
		}
	}
	return nil
}

// destroy ends a session in the primary store, where old is its record, and in its
// source, if it has one.
func (v *vault) destroy(ctx context.Context, old *snapshot, source *sourceRecord) error {
	if source != nil && v.primary.derives() {
		return v.destroySource(ctx, old, source)
	}
	var err error
	if old.data != nil {
		err = v.end(ctx, v.primary, old)
	}
	if source != nil && source.store.ends() {
		err = errors.Join(err, source.store.remove(ctx, source.old.id))
	}
	return err
}

// destroyAll ends the sessions that tokens lead to in st.
func (v *vault) destroyAll(ctx context.Context, st *store, tokens []string) error {
	var failed error
	for _, token := range tokens {
		var found snapshot
		switch result, _, err := v.find(ctx, st, []string{token}, &found); {
		case err != nil:
			failed = errors.Join(failed, err)
		case result == retired:
			failed = errors.Join(failed, errMovedAway)
		case result == alive && st == v.primary:
			failed = errors.Join(failed, v.destroy(ctx, &found, nil))
		case result == alive:
			failed = errors.Join(failed, v.destroy(ctx, new(snapshot), &sourceRecord{store: st, old: found}))
		}
	}
	return failed
}

// destroySource ends a session that was found in a source. It first writes the
// tombstone, so that no request can move the session any more.
func (v *vault) destroySource(ctx context.Context, old *snapshot, source *sourceRecord) error {
	id := v.primary.key(v.primary.derive(source.old.token))
	var err error
	switch {
	case v.primary.tombstones():
		// The tombstone of a stateless token must last: a copy of the token may
		// come at any time.
		lifetime := tombstoneLifetime
		if source.store.stateless {
			lifetime = v.lifetime
		}
		err = v.bury(ctx, id, lifetime)
	case old.data != nil:
		err = v.end(ctx, v.primary, old)
	default:
		err = v.primary.remove(ctx, id)
	}
	if err != nil || !source.store.ends() {
		return err
	}
	return source.store.remove(ctx, source.old.id)
}
