package sessions

import (
	"context"
	"errors"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// The first commit of a session that was found in a source moves it to the primary
// store. Its new ID is derived from its old token, so that all requests that carry
// this token use the same ID. The commit takes three steps:
//
//  1. It creates a pending record in the primary store. If there is one already,
//     another request has got this far, and this commit continues with its record.
//  2. It removes the record in the source, if that is still what was read. Only one
//     request can do this, and only that request continues. If the session ended on
//     either side before, the step fails and the session does not move.
//  3. It commits the changes on top of the pending record, like any other commit.
//
// A request that finds the source's record gone waits until the request that
// removed it has finished step 3. If none does, a logout by another program removed
// the record, and the request that created the pending record replaces it by a
// tombstone. Destroy writes that tombstone before it removes anything.
//
// If the process dies between steps 2 and 3, only the pending record is left. It
// counts as moved when all requests that could still end it must have ended.
//
// The functions in this file take no lock, except as part of reconcile.

// sourceRecord is the record of a session that has not moved to the primary store
// yet.
type sourceRecord struct {
	store   *store
	old     snapshot
	content serializer.Content // of old, as the primary store holds it
	gone    bool               // another request has removed the record, and that in the primary store is pending
}

// pendingToken is the write token of a pending record. The tokens of commits are
// larger.
const pendingToken = 2

// isPending reports whether content is that of a pending record.
func isPending(content *serializer.Content) bool {
	return content.Writes[len(content.Writes)-1] == pendingToken
}

// isAbandoned reports whether a pending record is so old that the request that
// created it must have ended.
func (v *vault) isAbandoned(content *serializer.Content) bool {
	return time.Since(time.Unix(0, int64(content.Writes[0]))) > 2*v.timeout
}

// derives reports whether sessions from a source get a token that is derived from
// their old one.
func (st *store) derives() bool { return !st.stateless && st.minter == nil }

// derive returns the token for a session that had the given token in a source.
func (st *store) derive(token string) string { return derivedID(st.namespace, token) }

// findInSource looks in st, a source, for the session that tokens lead to. If it
// returns alive, there are three cases: the session has not moved, and there is a
// sourceRecord only; it has moved, and into holds its new record; or it is moving,
// there are both, and the source's record is still to be removed. The tokens that
// findInSource returns are like those of find.
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
	// The session may have moved before: the client lost the response that carried
	// its new token, or other requests are under way.
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

// findImported looks in the primary store for a session that has moved there from
// st, where token led to it.
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

// moveIn moves the session from its source to the primary store in three steps.
func (c *commit) moveIn(ctx context.Context) error {
	if c.base.data == nil {
		// After an error the pending record stays: the next request continues
		// with it.
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
		c.reply = sendToken // the client still has its old token
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
			continue // the other request has removed it again
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

// checkSendable returns an error if token cannot be sent. It is called before the
// source's record is removed: if the new token cannot be sent, the old one must stay
// valid.
func (c *commit) checkSendable(token string) error {
	if c.sendable == nil {
		return nil
	}
	return c.sendable(token)
}

// confirm is step 2. It returns nil if the session is in the primary store now.
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
			// Most likely this request removed the record. If another request
			// that moves the session did, both commit on top of the pending
			// record. If a logout of this package did, its tombstone is in the
			// primary store. Only a logout by another program at this very moment
			// is lost.
			return nil
		case known != nil, c.tries > maxFailures:
			return err
		}
		c.tries++
	}
}

// outrun handles a source's record that another program changed after it was read.
// That change must not be lost: outrun undoes step 1 and returns ErrConflict, and the
// next request tries again.
func (c *commit) outrun(ctx context.Context) error {
	if isPending(&c.base.content) || !c.st.holds.Writes {
		if err := c.st.swap(ctx, c.base.id, c.base.data, Record{}); undecided(err) {
			return err
		}
	}
	return ErrConflict
}

// await waits until the request that removed the source's record has committed. If
// none does, a logout by another program removed the record, and the request that
// created the pending record replaces it by a tombstone.
func (c *commit) await(ctx context.Context) error {
	for pause := time.Millisecond; ; pause *= 2 {
		if !c.st.holds.Writes {
			return nil // the format has no write tokens to wait for: see docs/migrating.md
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

// reissue moves a session into a store whose tokens cannot be derived. It stores the
// session and then removes the source's record.
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
	// The session has ended, or a program changed it after it was read. It must not
	// move, because that would lose the logout or the change.
	undo := c.takeBack(ctx)
	switch {
	case undo != nil:
		return undo
	case errors.Is(err, ErrNotFound):
		return ErrGone
	}
	return err
}

// takeBack removes the record that this commit has created in the primary store, if
// there is one.
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
