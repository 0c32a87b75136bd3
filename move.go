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
//  2. The record in the source is replaced by a forwarding tombstone, if it is
//     still what was read. From then on the session has moved: a logout before
//     this step prevents it, on either side.
//  3. The changes are committed on top of the pending record, as always, and the
//     forwarding tombstone is removed.
//
// A pending record without a record or a forwarding tombstone in the source is a
// session that has ended. Formats of other frameworks have no tombstones; there
// the record is simply removed in step 2.
//
// A request that finds it gone waits for the one that removed it to reach step 3.
// If none does, another program's logout removed it, and the request that created
// the pending record replaces that by a tombstone. A process that dies between the
// two steps loses such a session: its visitor is logged out.
//
// Destroy puts a tombstone into the primary store before it removes anything.

// sourceRecord is the record of a session that is not in the primary store yet.
type sourceRecord struct {
	store   *store
	old     snapshot
	content serializer.Content // of old, as the primary store holds it
	gone    bool               // another request has removed it; the record in the primary store is pending
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
	earlier, err := v.findImported(ctx, st, token, into)
	if earlier == alive && source != nil && isPending(&into.content) {
		// The move has only begun, and what the source holds now counts.
		earlier = noToken
		*into = snapshot{content: serializer.Content{Fields: into.content.Fields[:0]}}
	}
	switch {
	case err != nil, earlier == retired:
		return earlier, nil, rivals, err
	case earlier == alive && source == nil && isPending(&into.content) && !forwards(&old.content, &into.content):
		if st.tombstones() || v.isAbandoned(&into.content) {
			*into = snapshot{content: serializer.Content{Fields: into.content.Fields[:0]}}
			return refused, nil, rivals, nil // it has ended
		}
		id, _ := st.idOf(token)
		return alive, &sourceRecord{store: st, old: snapshot{id: id, token: token}, gone: true}, rivals, nil
	case earlier == alive:
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
	if src := c.source.store; err == nil && src.tombstones() {
		// Nobody needs the forwarding tombstone any more. An error costs nothing:
		// it expires.
		_ = src.remove(ctx, c.source.old.id)
	}
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
	token := c.st.derive(c.source.old.token)
	id := c.st.key(token)
	record, err := c.pack(id, &content)
	if err != nil {
		return err
	}
	if c.st.holds.Writes {
		// The second one tells it from other requests' pending records, the third
		// which record of the source it stands for.
		content.Writes = [...]uint64{uint64(c.now.UnixNano()), ^c.writeToken, originOf(c.source.old.id), pendingToken}
		if record.Data, err = c.st.pack(id, &content); err != nil {
			return err
		}
		c.content.Writes = content.Writes
	}
	if err := c.checkSendable(token); err != nil {
		return err
	}
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
		if isPending(&found.content) {
			c.content.Writes = found.content.Writes
			return nil // what was read in the source counts, if it is still there
		}
		return c.redo()
	}
}

// checkSendable returns what is wrong with sending token. It is asked before the
// source's record is removed: the old token must stay valid if the new one
// cannot be sent.
func (c *commit) checkSendable(token string) error {
	if c.sender == nil {
		return nil
	}
	return c.sender.sendable(token)
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
	forwarding, err := packTombstone(src.store, src.old.id, c.now, c.v.lifetime, moveOf(&c.base.content), movedToken)
	if err != nil {
		return err
	}
	for {
		err := src.store.swap(ctx, src.old.id, src.old.data, forwarding)
		switch {
		case err == nil:
			return nil
		case !undecided(err) && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound):
			return err
		}
		var found snapshot
		known := src.store.read(ctx, src.old.id, fresh, c.v.lifetime, &found)
		switch {
		case errors.Is(known, ErrNotFound) && src.store.tombstones():
			return c.finishOrEnd(ctx)
		case errors.Is(known, ErrNotFound) && undecided(err):
			// By this request, most likely. A logout of this library has put its
			// tombstone into the primary store. Only a logout of another program
			// in this very moment is overruled.
			return nil
		case errors.Is(known, ErrNotFound):
			return c.await(ctx)
		case known == nil && found.content.Retired:
			if forwards(&found.content, &c.base.content) {
				return nil // moved by this request or another: both commit on top
			}
			return c.finishOrEnd(ctx)
		case known == nil && !undecided(err):
			return c.outrun(ctx)
		case known != nil, c.tries > maxFailures:
			return err
		}
		c.tries++
	}
}

// finishOrEnd decides what became of a session whose record is gone from the
// source. If the move is complete, the commit goes on top. If not, the session has
// ended, and a tombstone takes the place of the pending record.
func (c *commit) finishOrEnd(ctx context.Context) error {
	if err := c.rereadBase(ctx); err != nil {
		return err
	}
	if !isPending(&c.base.content) {
		return c.redo()
	}
	tombstone, err := c.tombstone(c.base.id, tombstoneLifetime)
	if err != nil {
		return err
	}
	err = c.st.swap(ctx, c.base.id, c.base.data, tombstone)
	if err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
		return unknown(err)
	}
	return ErrGone
}

// rereadBase reads the record under base's ID again.
func (c *commit) rereadBase(ctx context.Context) error {
	var found snapshot
	err := c.st.read(ctx, c.base.id, fresh, c.v.lifetime, &found)
	switch {
	case err != nil:
		return gone(err)
	case found.content.Retired:
		return ErrGone
	}
	found.token = c.base.token
	c.base = found
	return nil
}

// outrun handles a source's record that was changed after it was read. Its
// program must not be overruled: the move is taken back, and the next request
// tries again.
func (c *commit) outrun(ctx context.Context) error {
	if c.pending || !c.st.holds.Writes {
		if err := c.st.swap(ctx, c.base.id, c.base.data, Record{}); undecided(err) {
			return err
		}
	}
	return ErrConflict
}

// await is finishOrEnd for a source that keeps no tombstones: only time shows
// if the request that removed the record commits. If none does, another
// program's logout removed it, and the request that created the pending record
// ends that.
func (c *commit) await(ctx context.Context) error {
	if !c.st.holds.Writes {
		return nil // the format cannot say; see docs/migrating.md
	}
	for pause := time.Millisecond; isPending(&c.base.content); pause *= 2 {
		if c.remaining() < c.v.timeout/2 {
			if c.pending {
				return c.finishOrEnd(ctx)
			}
			return ErrConflict
		}
		if err := wait(ctx, pause); err != nil {
			return c.outOfTime(err)
		}
		if err := c.rereadBase(ctx); err != nil {
			return err
		}
	}
	return c.redo()
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
