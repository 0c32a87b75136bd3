package sessions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// job is one commit: a snapshot of the session, and how far it got.
type job struct {
	s   *Session
	mw  *Middleware
	st  *store
	now time.Time

	content    *serializer.Content // what is to be stored
	journal    []change            // what led from old to it
	old        stored              // what is stored, as far as we know
	token      string              // for a record under a new ID
	regenerate int
	final      bool
	own        uint64 // the write token of this commit

	reply   reply
	kind    EventKind
	tries   int
	leave   func() // ends this commit's turn in the queue
	failure error  // of the last attempt, if its outcome is open
}

// run carries the commit out. On success old is what is stored now.
func (j *job) run(ctx context.Context) error {
	defer func() {
		if j.leave != nil {
			j.leave()
		}
	}()
	if j.s.retired {
		return ErrGone
	}
	err := j.store(ctx)
	if err == nil && j.s.imported != nil {
		err = j.retireSource(ctx)
	}
	return err
}

// store brings the content to where it is kept.
func (j *job) store(ctx context.Context) error {
	empty := j.st.absent(j.content)
	if !empty {
		if err := j.makeRoom(ctx); err != nil {
			return err
		}
	}
	switch {
	case empty && (j.st.stateless || j.old.data == nil):
		j.kind = EventSaved
		j.removed()
		return nil
	case j.st.stateless:
		return j.issue(ctx)
	case j.old.data == nil:
		return j.create(ctx)
	case j.regenerate > 0 && !empty:
		return j.rotate(ctx)
	}
	return j.replace(ctx)
}

// removed notes that nothing is stored any more, because nothing is left.
func (j *job) removed() {
	j.old = stored{content: serializer.Content{Created: j.content.Created}}
	j.reply = clearToken
}

// pack makes the record of content, and the time it has to live.
func (j *job) pack(content *serializer.Content) (Record, error) {
	if j.st.holds.Writes && !j.st.stateless {
		copy(content.Writes[:], content.Writes[1:])
		content.Writes[len(content.Writes)-1] = j.own
	}
	if j.st.holds.Accessed {
		content.Accessed = j.now
	}
	if j.st.holds.StatedLifetime && content.Lifetime == 0 && !j.mw.config.BrowserSession {
		content.Lifetime = j.mw.config.Lifetime
	}
	ttl := j.mw.config.Lifetime
	if end := deadline(content, ttl); !end.IsZero() {
		ttl = end.Sub(j.now)
	}
	longest := ttl
	if idle := j.mw.config.IdleTimeout; idle > 0 {
		ttl = min(ttl, idle)
	}
	if ttl <= 0 {
		return Record{}, ErrGone
	}
	data, err := j.st.format.Pack(content)
	if err != nil {
		return Record{}, fmt.Errorf("sessions: save: %w", err)
	}
	if max := j.mw.config.MaxSize; !j.st.stateless && len(data) > max {
		return Record{}, fmt.Errorf("%w: the record takes %d bytes of %d: store less, or raise Config.MaxSize", ErrTooLarge, len(data), max)
	}
	return Record{Data: data, TTL: ttl, MaxTTL: longest, Subject: content.Subject}, nil
}

// done notes that content is stored as record under token.
func (j *job) done(token, id string, record Record, send bool) {
	before := j.old
	j.old = stored{id: id, token: token, data: record.Data, content: *j.content, ttl: record.TTL}
	if send || !j.s.expires(j.content, j.now).Equal(j.s.expires(&before.content, j.now.Add(-time.Nanosecond))) {
		j.reply = sendToken
	}
}

// issue makes the token of a stateless session.
func (j *job) issue(ctx context.Context) error {
	j.kind = EventSaved
	if j.old.data == nil {
		j.kind = EventCreated
	}
	record, err := j.pack(j.content)
	if err != nil {
		return err
	}
	token, err := j.st.backend.Write(ctx, j.old.id, record)
	if err != nil {
		return wrap(backends.OpWrite, err)
	}
	if !j.final || j.s.imported != nil {
		// What cannot be sent later is better refused now, above all before
		// the source of an import is retired.
		if err := j.st.transports[j.s.carrier].Send(make(http.Header, 1), token, j.now); err != nil {
			return err
		}
	}
	j.done(token, token, record, true)
	return nil
}

// create stores a session that is not stored yet, under an ID that nothing may
// be stored under.
func (j *job) create(ctx context.Context) error {
	j.kind = EventCreated
	token := j.token
	record, err := j.pack(j.content)
	if err != nil {
		return err
	}
	for {
		id := j.st.key(token)
		err := j.insert(ctx, id, record)
		switch {
		case err == nil:
			j.done(token, id, record, true)
			return nil
		case errors.Is(err, ErrConflict) && j.s.imported != nil:
			// Another request imports the same token. Ours goes on top.
			if err := j.adopt(ctx, token, id); err != nil {
				return err
			}
			return j.replace(ctx)
		case errors.Is(err, ErrConflict) && j.tries < maxCollisions:
			token = j.st.mint()
		default:
			return err
		}
	}
}

// maxCollisions is how often a new ID may be in use already. Once would be a
// wonder: a backend that says so all the time is broken.
const maxCollisions = 8

// insert stores record under id if nothing is stored there, and finds out what
// happened where the answer was lost.
func (j *job) insert(ctx context.Context, id string, record Record) error {
	for {
		j.tries++
		attempt, cancel := j.attempt(ctx)
		err := j.st.swap(attempt, id, nil, record)
		cancel()
		if err == nil {
			return nil
		}
		var found stored
		known := j.st.read(ctx, id, true, j.mw.config.Lifetime, &found)
		switch {
		case known == nil && j.isOurs(&found, record):
			return nil
		case errors.Is(err, ErrConflict):
			return ErrConflict
		case !errors.Is(known, ErrNotFound):
			return unknown(backends.OpSwap, err)
		case j.tries > maxFailures:
			return wrap(backends.OpSwap, err)
		}
	}
}

// isOurs tells whether what is stored under a new ID is the record that this
// commit has created there.
func (j *job) isOurs(found *stored, record Record) bool {
	if j.st.holds.Writes {
		return j.wrote(&found.content)
	}
	return bytes.Equal(found.data, record.Data)
}

// adopt makes the record that another request created under id the base of this
// commit.
func (j *job) adopt(ctx context.Context, token, id string) error {
	var found stored
	if err := j.st.read(ctx, id, true, j.mw.config.Lifetime, &found); err != nil {
		return gone(err)
	}
	if found.content.Retired {
		return ErrGone
	}
	found.token = token
	j.old = found
	return j.redo()
}

// redo carries the journal out again, on top of old.
func (j *job) redo() error {
	content := j.old.content
	content.Fields = cloneFields(content.Fields)
	j.content = &content
	return replay(j.journal, j.content, j.st.values)
}

// replace stores the session in place of what was read, or removes that if
// nothing is left to store.
func (j *job) replace(ctx context.Context) error {
	j.kind = EventSaved
	send := j.s.imported != nil // the client has another token so far
	if j.mw.queue.busy(j.old.id) {
		// Who comes later does not go first, or some would wait for ever.
		if _, err := j.settle(ctx, ErrConflict); err != nil {
			return err
		}
	}
	for {
		var record Record
		if !j.st.absent(j.content) {
			var err error
			if record, err = j.pack(j.content); err != nil {
				return err
			}
		}
		attempt, cancel := j.attempt(ctx)
		err := j.st.swap(attempt, j.old.id, j.old.data, record)
		cancel()
		j.tries++
		if err == nil {
			j.replaced(record, send)
			return nil
		}
		found, err := j.settle(ctx, err)
		switch {
		case j.failure != nil && errors.Is(err, ErrGone):
			// Ended by this commit, whose answer was lost, or after it.
			if record.Data != nil {
				return unknown(backends.OpSwap, j.failure)
			}
			j.removed()
			return nil
		case err != nil:
			return err
		case found != nil:
			// Others may have changed it since. That is not for this commit to
			// tell: of two that count, each has a number of its own.
			j.replaced(record, send)
			return nil
		}
	}
}

// replaced notes that record stands in place of what was read.
func (j *job) replaced(record Record, send bool) {
	if record.Data == nil {
		j.removed()
		return
	}
	j.done(j.old.token, j.old.id, record, send)
}

// attempt returns a context that leaves time to find out what happened.
func (j *job) attempt(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, end.Add(-j.mw.config.Timeout/4))
}

// retireSource removes what an imported session was made of.
func (j *job) retireSource(ctx context.Context) error {
	created := j.kind == EventCreated
	err := j.s.imported.retire(ctx, created)
	switch {
	case created && errors.Is(err, ErrConflict):
		// A Python program changed it after it was read. Better no import than
		// a loss: the next request tries again.
		if err := j.undo(ctx); err != nil {
			return err
		}
		return ErrConflict
	case errors.Is(err, ErrNotFound) && j.st.holds.Writes && !j.st.stateless:
		// Removed by a logout, unless a parallel import has put its own write
		// on top of ours, which it does before it removes anything.
		switch err := j.undo(ctx); {
		case errors.Is(err, ErrConflict):
			return nil
		case err != nil && !errors.Is(err, ErrNotFound):
			return err
		}
		return ErrGone
	case errors.Is(err, ErrNotFound):
		return nil
	}
	return err
}

// undo takes back the record that this commit has created, unless somebody has
// changed it since.
func (j *job) undo(ctx context.Context) error {
	if j.st.stateless {
		return nil
	}
	return wrapNil(backends.OpSwap, j.st.swap(ctx, j.old.id, j.old.data, Record{}))
}

// report tells the observer how a commit ended.
func (s *Session) report(ctx context.Context, j *job, err error, took time.Duration) {
	if s.mw.config.Observe == nil {
		return
	}
	e := Event{Kind: j.kind, Format: j.st.format.Name(), Size: len(j.old.data), Count: j.tries, Duration: took, Err: err}
	if !j.st.stateless && j.old.id != "" {
		e.Session = handle(j.old.id)
	}
	switch {
	case errors.Is(err, ErrGone):
		e.Kind = EventGone
	case errors.Is(err, ErrConflict):
		e.Kind = EventConflict
	case err != nil:
		e.Kind = EventFailed
	case j.leave != nil:
		e.Kind = EventMerged
	}
	s.mw.observe(ctx, e)
}
