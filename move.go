package sessions

import (
	"context"
	"errors"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// A session of a source moves to the primary store with the first commit, under
// an ID that follows from its old token, so that all requests that carry this
// token agree on it:
//
//  1. The record is created there as a pending one. If it is there already,
//     another request has come so far: this one goes on with what it finds.
//  2. The record in the source is removed, if it is still what was read. Of all
//     requests only one can do this, and only this one goes on: the session moves
//     unless it was ended, on either side, before.
//  3. The changes are committed on top of the pending record, as always.
//
// A request that finds the source's record gone waits for the one that removed it
// to reach step 3. If none does, another program's logout removed it, and the
// request that created the pending record replaces it by a tombstone. Destroy puts
// that tombstone there before it removes anything.
//
// If the process dies between steps 2 and 3, the pending record is all that is
// left. After a while, in which every request that could end it has ended, it
// counts as moved.

// sourceRecord is the record of a session that is not in the primary store yet.
type sourceRecord struct {
	store   *store
	old     snapshot
	content serializer.Content // of old, as the primary store holds it
	gone    bool               // another request has removed it; the record in the primary store is pending
}

// pendingToken is the write token of a record that waits for its removal from
// the source. No commit's own token is as small.
const pendingToken = 2

func isPending(content *serializer.Content) bool {
	return content.Writes[len(content.Writes)-1] == pendingToken
}

// isAbandoned reports whether a pending record is so old that the request which
// created it must have ended.
func (v *vault) isAbandoned(content *serializer.Content) bool {
	return time.Since(time.Unix(0, int64(content.Writes[0]))) > 2*v.timeout
}

// derives reports whether imported sessions get a token that follows from the
// old one.
func (st *store) derives() bool { return !st.stateless && st.minter == nil }

// derive returns the token of the session that is imported for an older one.
func (st *store) derive(token string) string { return derivedID(st.namespace, token) }

// findInSource looks in st for the session that tokens lead to. If it returns
// alive, there is either a sourceRecord, or the session was imported earlier and
// into holds it, or both: then the record in the source is still to be removed.
// The tokens that it returns are as those of find.
func (v *vault) findInSource(ctx context.Context, st *store, tokens []string, into *snapshot) (match, *sourceRecord, []string, error) {
	var old snapshot
	result, rivals, err := v.find(ctx, st, tokens, &old)
	if err != nil || result == ambiguous {
		return result, nil, rivals, err
	}
	var source *sourceRecord
	if result == alive {
		source = &sourceRecord{store: st, old: old}
	}
	// It may have been imported before: the client lost the answer that carried
	// its new token, or other requests are on their way.
	token := old.token
	if result == refused && !st.stateless {
		token = tokens[0]
	}
	switch earlier, err := v.findImported(ctx, st, token, into); {
	case err != nil, earlier == retired:
		return earlier, nil, rivals, err
	case earlier == alive:
		if source == nil && isPending(&into.content) && !v.isAbandoned(&into.content) {
			id, _ := st.idOf(token)
			source = &sourceRecord{store: st, old: snapshot{id: id, token: token}, gone: true}
		}
		return alive, source, rivals, nil
	case result != alive:
		return result, nil, rivals, nil
	}
	source.content, err = convert(&old.content, st, v.primary)
	if err != nil {
		v.report(ctx, Event{Kind: EventCorrupt, Session: old.token, Format: st.format.Name(), Err: err})
		return refused, nil, rivals, nil
	}
	if source.content.Created.IsZero() && v.primary.holds.Created {
		source.content.Created = now()
	}
	v.tell(ctx, Event{Kind: EventImported, Format: st.format.Name(), Size: len(old.data)})
	return alive, source, rivals, nil
}

// findImported finds the session that was imported for token before.
func (v *vault) findImported(ctx context.Context, st *store, token string, into *snapshot) (match, error) {
	if _, ok := st.idOf(token); !ok || !v.primary.derives() {
		return noToken, nil
	}
	token = v.primary.derive(token)
	fields := into.content.Fields[:0]
	err := v.primary.read(ctx, v.primary.key(token), fresh, v.lifetime, into)
	switch {
	case err == nil && !into.content.Retired:
		into.token = token
		return alive, nil
	case err == nil:
		*into = snapshot{content: serializer.Content{Fields: fields}}
		return retired, nil
	}
	*into = snapshot{content: serializer.Content{Fields: fields}}
	if errors.Is(err, ErrNotFound) {
		return noToken, nil
	}
	return noToken, err
}

// moveIn moves the session from its source into the primary store, as described
// above, and commits on top.
func (c *commit) moveIn(ctx context.Context) error {
	if c.base.data == nil {
		// An error leaves the pending record: the next request goes on with it.
		if err := c.createPending(ctx); err != nil {
			return err
		}
	}
	if err := c.confirm(ctx); err != nil {
		return err
	}
	err := c.storeAsIs(ctx)
	if c.kind == EventSaved {
		c.kind = EventCreated
	}
	if err == nil && c.base.data != nil {
		c.reply = sendToken // the client has another token so far
	}
	return err
}

// createPending is step 1.
func (c *commit) createPending(ctx context.Context) error {
	content := c.source.content
	content.Fields = cloneFields(content.Fields)
	record, err := c.pack(&content)
	if err != nil {
		return err
	}
	if c.st.holds.Writes {
		content.Writes = [...]uint64{uint64(c.now.UnixNano()), 0, 0, pendingToken}
		if record.Data, err = c.st.format.Pack(&content); err != nil {
			return err
		}
		c.content.Writes = content.Writes
	}
	token := c.st.derive(c.source.old.token)
	if err := c.checkSendable(token); err != nil {
		return err
	}
	id := c.st.key(token)
	for {
		err := c.insert(ctx, id, record)
		if err == nil {
			c.base = snapshot{id: id, token: token, data: record.Data, content: content, ttl: record.TTL}
			c.pending = true
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return err
		}
		var found snapshot
		err = c.st.read(ctx, id, fresh, c.v.lifetime, &found)
		switch {
		case errors.Is(err, ErrNotFound):
			if c.tries > maxCollisions {
				return ErrConflict
			}
			continue // it was taken back
		case err != nil:
			return err
		case found.content.Retired:
			return ErrGone
		}
		found.token = token
		c.base = found
		return c.redo()
	}
}

// checkSendable returns what is wrong with sending token. It is asked before the
// source's record is removed: the old token must stay valid if the new one
// cannot be sent.
func (c *commit) checkSendable(token string) error {
	if c.sendable == nil {
		return nil
	}
	return c.sendable(token)
}

// confirm is step 2: it returns nil if the session is the primary store's now.
func (c *commit) confirm(ctx context.Context) error {
	src := c.source
	switch {
	case src.store.stateless:
		return nil // nothing to remove
	case src.gone:
		return c.await(ctx)
	}
	for {
		err := src.store.swap(ctx, src.old.id, src.old.data, Record{})
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrNotFound):
			return c.await(ctx)
		case errors.Is(err, ErrConflict):
			return c.outrun(ctx)
		case !undecided(err):
			return err
		}
		var found snapshot
		switch known := src.store.read(ctx, src.old.id, fresh, c.v.lifetime, &found); {
		case errors.Is(known, ErrNotFound):
			// By this request, most likely. If it was another one that moves the
			// session, both commit on top of the pending record, which is fine. A
			// logout of this library has put its tombstone there. Only a logout of
			// another program in this very moment is overruled.
			return nil
		case known != nil, c.tries > maxFailures:
			return err
		}
		c.tries++
	}
}

// outrun handles a source's record that was changed after it was read. Its
// program must not be overruled: the move is taken back, and the next request
// tries again.
func (c *commit) outrun(ctx context.Context) error {
	if isPending(&c.base.content) || !c.st.holds.Writes {
		if err := c.st.swap(ctx, c.base.id, c.base.data, Record{}); undecided(err) {
			return err
		}
	}
	return ErrConflict
}

// await waits until the request that removed the source's record has committed.
// If none does, another program's logout removed the record, and the request that
// created the pending one ends that.
func (c *commit) await(ctx context.Context) error {
	for pause := time.Millisecond; ; pause *= 2 {
		if !c.st.holds.Writes {
			return nil // the format cannot say: documented in docs/migrating.md
		}
		if !isPending(&c.base.content) {
			return c.redo()
		}
		if c.remaining() < c.v.timeout/2 {
			break
		}
		if err := wait(ctx, pause); err != nil {
			return c.outOfTime(err)
		}
		var found snapshot
		err := c.st.read(ctx, c.base.id, fresh, c.v.lifetime, &found)
		switch {
		case errors.Is(err, ErrNotFound), err == nil && found.content.Retired:
			return ErrGone
		case err != nil:
			return err
		}
		found.token = c.base.token
		c.base = found
	}
	if !c.pending {
		return ErrConflict
	}
	tombstone, err := c.tombstone(tombstoneLifetime)
	if err != nil {
		return err
	}
	err = c.st.swap(ctx, c.base.id, c.base.data, tombstone)
	if err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
		return unknown(err)
	}
	return ErrGone
}

// wait returns after d, or when ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reissue moves a session into a store whose tokens do not follow from the old
// one: it stores the session and then removes what it came from.
func (c *commit) reissue(ctx context.Context) error {
	if err := c.storeAsIs(ctx); err != nil {
		return err
	}
	src := c.source
	if src.store.stateless {
		return nil
	}
	err := src.store.swap(ctx, src.old.id, src.old.data, Record{})
	if err == nil {
		return nil
	}
	// The session has ended, or a program changed it after it was read: better
	// no import than a loss.
	undo := c.takeBack(ctx)
	switch {
	case undo != nil:
		return undo
	case errors.Is(err, ErrNotFound):
		return ErrGone
	}
	return err
}

// takeBack removes the record that this commit has created, if it has one.
func (c *commit) takeBack(ctx context.Context) error {
	if c.st.stateless || c.base.data == nil {
		return nil
	}
	err := c.st.swap(ctx, c.base.id, c.base.data, Record{})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
