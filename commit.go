package sessions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// commit stores one state of a session, together with the changes that led to it.
// It belongs to one goroutine. After a conflict it holds the record's lock in
// vault.locks until it ends; it takes no other lock. Its caller holds
// Session.committing, but not Session.mu.
type commit struct {
	v   *vault
	st  *store    // v.primary
	now time.Time // when the commit began

	content       serializer.Content // the state to store
	journal       []change           // the changes from base to content
	base          snapshot           // what is stored, as far as we know; after a success, what is stored now
	newToken      string             // for a record under a new ID
	regenerate    bool               // the session gets a new ID
	regenerations int                // calls of RegenerateID that this commit answers
	final         bool               // the response begins
	retired       bool               // the token is from before a regeneration
	source        *sourceRecord      // where the session was found; nil if in the primary store
	pending       bool               // this commit has created the pending record; see move.go
	sender        sender             // nil outside of a request
	writeToken    uint64             // names this commit in the record

	stored  bool // the session is stored, even if run returns an error
	reply   reply
	kind    EventKind
	tries   int
	unlock  func() // unlocks the record in vault.locks; nil if it is not locked
	failure error  // of the last attempt whose outcome is unknown
}

// sender is the side of a commit that can send a token to the client.
type sender interface {
	sendable(token string) error // returns why token cannot be sent
}

// maxFailures is how often an operation is repeated that returned an error but was
// not applied.
const maxFailures = 2

// maxCollisions is how often a new ID may be in use already. With 256 random bits
// that never happens: a backend that reports it again and again is broken.
const maxCollisions = 8

// run runs the commit.
func (c *commit) run(ctx context.Context) error {
	defer func() {
		if c.unlock != nil {
			c.unlock()
		}
	}()
	if c.retired && !c.regenerate && c.content.Subject == "" {
		return ErrGone
	}
	owner := c.getsOwner()
	err := c.store(ctx)
	c.stored = err == nil
	if c.stored && owner && c.v.evictOldest {
		err = c.evict(ctx)
	}
	return err
}

// store stores the content, moving the session if a source has it.
func (c *commit) store(ctx context.Context) error {
	if c.source != nil {
		if c.st.derives() {
			return c.moveIn(ctx)
		}
		return c.reissue(ctx)
	}
	return c.storeAsIs(ctx)
}

// storeAsIs is store for a session that is in the primary store or new.
func (c *commit) storeAsIs(ctx context.Context) error {
	empty := c.st.absent(&c.content)
	switch {
	case empty && (c.st.stateless || c.base.data == nil):
		return c.drop(ctx)
	case c.st.stateless:
		return c.issue(ctx)
	case c.base.data == nil:
		return c.create(ctx)
	case c.regenerate && !empty:
		return c.rotate(ctx)
	}
	return c.replace(ctx)
}

// drop ends a session that is empty now, if the store keeps no empty ones.
func (c *commit) drop(ctx context.Context) error {
	c.kind = EventSaved
	if c.base.data != nil && c.st.ends() {
		switch err := c.st.remove(ctx, c.base.id); {
		case errors.Is(err, ErrConflict):
			return ErrGone // its content is in another session now
		case undecided(err):
			return unknown(err)
		case err != nil:
			return err
		}
	}
	c.removed()
	return nil
}

// removed notes that nothing is stored any more, because the session is empty.
func (c *commit) removed() {
	c.base = snapshot{content: serializer.Content{Created: c.content.Created}}
	c.reply = clearToken
}

// pack returns the record of content that is to be stored under id, with this
// commit's write token and its times.
func (c *commit) pack(id string, content *serializer.Content) (Record, error) {
	if c.st.holds.Writes && !c.st.stateless {
		addWrite(content, c.writeToken)
	}
	if c.st.holds.Accessed {
		content.Accessed = c.now
	}
	if c.st.holds.StatedLifetime && content.Lifetime == 0 && !c.v.browserSession {
		content.Lifetime = c.v.lifetime
	}
	ttl := c.v.lifetime
	if end := c.v.deadline(content); !end.IsZero() {
		ttl = end.Sub(c.now)
	}
	longest := ttl
	if idle := c.v.idleOf(content); idle > 0 {
		ttl = min(ttl, idle)
	}
	if ttl <= 0 {
		return Record{}, ErrGone
	}
	data, err := c.st.pack(id, content)
	if err != nil {
		return Record{}, fmt.Errorf("sessions: save: %w", err)
	}
	if max := c.v.maxSize; !c.st.stateless && len(data) > max {
		return Record{}, fmt.Errorf("%w: the record takes %d bytes of %d: store less, or raise Config.MaxSize", ErrTooLarge, len(data), max)
	}
	return Record{Data: data, TTL: ttl, MaxTTL: longest, Subject: content.Subject, SubjectLimit: c.limit()}, nil
}

// addWrite makes token the newest of content's write tokens, if it is not yet.
func addWrite(content *serializer.Content, token uint64) {
	if content.Writes[len(content.Writes)-1] == token {
		return
	}
	copy(content.Writes[:], content.Writes[1:])
	content.Writes[len(content.Writes)-1] = token
}

// done notes that content is stored as record under token.
func (c *commit) done(token, id string, record Record, send bool) {
	before := c.base
	c.base = snapshot{id: id, token: token, data: record.Data, content: c.content, ttl: record.TTL}
	if send || !c.v.expires(&c.content, c.now).Equal(c.v.expires(&before.content, c.now.Add(-time.Nanosecond))) {
		c.reply = sendToken
	}
}

// issue makes a new token for a session in a stateless store. If the store can end
// sessions, a new ID begins a new session, and the old one ends before the client
// receives the new token.
func (c *commit) issue(ctx context.Context) error {
	c.kind = EventSaved
	if c.base.data == nil {
		c.kind = EventCreated
	}
	record, err := c.pack("", &c.content)
	if err != nil {
		return err
	}
	follows := c.base.id
	replaces := c.regenerate && c.st.revokes && c.base.data != nil
	if replaces {
		c.kind, follows = EventRegenerated, ""
	}
	token, err := c.st.write(ctx, follows, record)
	if err != nil {
		return gone(err)
	}
	if c.sender != nil && (!c.final || c.source != nil || replaces) {
		// If the token cannot be sent, fail now, before the record of a source is
		// removed or the old session has ended.
		if err := c.sender.sendable(token); err != nil {
			return err
		}
	}
	if replaces {
		switch err := c.st.retire(ctx, c.base.id); {
		case undecided(err):
			return unknown(err)
		case err != nil:
			return gone(err)
		}
	}
	c.done(token, token, record, true)
	return nil
}

// create stores a new session under an ID under which nothing is stored yet.
func (c *commit) create(ctx context.Context) error {
	c.kind = EventCreated
	token := c.newToken
	for {
		id := c.st.key(token)
		record, err := c.pack(id, &c.content)
		if err != nil {
			return err
		}
		err = c.insert(ctx, id, record)
		switch {
		case err == nil:
			c.done(token, id, record, true)
			return nil
		case errors.Is(err, ErrConflict) && c.tries < maxCollisions:
			token = c.st.mint()
		default:
			return err
		}
	}
}

// insert stores record under id if nothing is stored there, otherwise it returns
// ErrConflict. If the answer was lost, it reads what is stored and decides by that.
func (c *commit) insert(ctx context.Context, id string, record Record) error {
	for {
		c.tries++
		attempt, cancel := c.attempt(ctx)
		err := c.st.swap(attempt, id, nil, record)
		cancel()
		if err == nil {
			return nil
		}
		if !undecided(err) && !errors.Is(err, ErrConflict) {
			return err
		}
		var found snapshot
		known := c.st.read(ctx, id, fresh, c.v.lifetime, &found)
		switch {
		case known == nil && c.isOurs(&found, record):
			return nil
		case errors.Is(err, ErrConflict):
			return ErrConflict
		case !errors.Is(known, ErrNotFound):
			return unknown(err)
		case c.tries > maxFailures:
			return err
		}
	}
}

// isOurs reports whether found, under a new ID, is the record that this commit
// created there.
func (c *commit) isOurs(found *snapshot, record Record) bool {
	if c.st.holds.Writes {
		return c.wrote(&found.content)
	}
	return bytes.Equal(found.data, record.Data)
}

// redo sets content to base with the journal applied to it.
func (c *commit) redo() error {
	c.content = c.base.content
	c.content.Fields = cloneFields(c.base.content.Fields)
	return replay(c.journal, &c.content, c.st.values)
}

// replace replaces the record that was read, or removes it if the session is empty.
func (c *commit) replace(ctx context.Context) error {
	c.kind = EventSaved
	if c.v.locks.contended(c.base.id) {
		// Line up behind the earlier commits: otherwise one of them could lose
		// every race.
		if _, err := c.reconcile(ctx, ErrConflict); err != nil {
			return err
		}
	}
	for {
		var record Record
		if !c.st.absent(&c.content) {
			var err error
			if record, err = c.pack(c.base.id, &c.content); err != nil {
				return err
			}
		}
		attempt, cancel := c.attempt(ctx)
		err := c.st.swap(attempt, c.base.id, c.base.data, record)
		cancel()
		c.tries++
		if err == nil {
			c.replaced(record)
			return nil
		}
		found, err := c.reconcile(ctx, err)
		switch {
		case err != nil:
			return err
		case found == ended && record.Data != nil && c.failure != nil:
			return unknown(c.failure) // the session ended after this commit, or before it
		case found == ended && c.failure != nil:
			c.removed() // this commit removed the record, or another one did after it
			return nil
		case found == ended:
			return ErrGone
		case found == applied:
			// Other commits may have changed the record since. This one keeps its
			// own values: if two requests count, each gets its own number.
			c.replaced(record)
			return nil
		}
	}
}

// replaced notes that record has replaced the record that was read.
func (c *commit) replaced(record Record) {
	if record.Data == nil {
		c.removed()
		return
	}
	c.done(c.base.token, c.base.id, record, false)
}

// attempt returns a context for one operation. It ends before ctx does, so that
// there is time left to find out what happened.
func (c *commit) attempt(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	// Nothing but its deadline ends ctx; see detach. To watch it for more costs four allocations.
	return context.WithDeadline(context.WithoutCancel(ctx), end.Add(-c.v.timeout/4))
}

// event describes how the commit ended.
func (c *commit) event(err error, took time.Duration) Event {
	e := Event{Kind: c.kind, Subject: c.content.Subject, Format: c.st.format.Name(), Size: len(c.base.data), Count: c.tries, Duration: took, Err: err}
	if !c.st.stateless && c.base.id != "" {
		e.Session = backends.PublicID(c.base.id)
	}
	switch {
	case errors.Is(err, ErrGone):
		e.Kind = EventGone
	case errors.Is(err, ErrConflict):
		e.Kind = EventConflict
	case err != nil:
		e.Kind = EventFailed
	case c.unlock != nil:
		e.Kind = EventMerged
	}
	return e
}
