package sessions

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2" //rules:allow because a write token need only differ from others and is not a secret
	"slices"
	"time"
)

// errTimedOut is the error of a commit for a request whose deadline has passed. An
// outer timeout handler has answered or will answer that the request failed, and no
// cookie can be sent. So nothing is saved.
var errTimedOut = fmt.Errorf("sessions: the request's deadline passed before its session was saved: %w", context.DeadlineExceeded)

// Save saves the session now, and not only when the response begins. It may be called
// several times. A new cookie is sent with the response's header.
//
// After an error the changes are kept. The middleware saves them when the response
// begins, unless the handler answers with an error status; see [Session.Discard]. A
// commit of unknown outcome is never applied twice.
func (s *Session) Save(ctx context.Context) error {
	return s.commit(ctx, midway)
}

// errUnwanted is why changes were undone instead of saved.
var errUnwanted = errors.New("sessions: the changes are not saved, because of the status of the response: see Config.SaveOn")

// occasion is why Session.commit is called.
type occasion uint8

const (
	midway    occasion = iota // Save: the session may change again
	answering                 // the response begins
	failing                   // the response begins, and its status is an error
	unwanted                  // the response begins, and by its status nothing is to be saved
)

// commit saves the changes, or touches the session, if there is need. Unless the
// occasion is midway, further changes are refused. commit holds s.committing.
func (s *Session) commit(ctx context.Context, why occasion) error {
	ctx, tell := s.vault.collect(ctx)
	defer tell()
	if err := s.committing.lock(s.vault.timeout); err != nil {
		return err
	}
	defer s.committing.unlock()
	due, undone, err := s.prepare(why)
	if undone {
		s.vault.tell(ctx, Event{Kind: EventUnsaved, Err: errUnwanted})
	}
	switch {
	case err == errTimedOut:
		s.vault.tell(ctx, Event{Kind: EventTimedOut})
	case due == touching:
		s.touch(ctx)
	case due == saving:
		ctx, end := s.vault.trace(ctx, "commit")
		err = s.save(ctx, why != midway)
		end(err)
	}
	return err
}

// duty is what Session.commit has to do.
type duty uint8

const (
	nothing duty = iota
	touching
	saving
)

// prepare returns what Session.commit has to do, or why it fails. undone means that
// there were changes, and that they are not wanted. s.committing is held; prepare
// takes s.mu.
func (s *Session) prepare(why occasion) (_ duty, undone bool, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	final, late := why != midway, s.closed
	s.closed = s.closed || final
	if !late && why >= failing && s.saveErr != nil {
		return nothing, false, nil // the handler's answer reports the error of Save
	}
	if !late && why == unwanted {
		undone = s.dirty() && (len(s.journal) > 0 || s.regenerate > 0)
		s.discard()
	}
	due, err := s.due(final, late)
	return due, undone, err
}

// due is prepare for changes that are wanted. s.mu is held.
func (s *Session) due(final, late bool) (duty, error) {
	if s.failed == nil && !s.dirty() {
		if len(s.journal) > 0 && s.stored.data == nil && s.vault.primary.absent(s.content) {
			// The handler removed what it had set, and the client may have a
			// token that leads to no session: delete it, as Flask does.
			s.reply = clearToken
		}
		if final && s.touchDue() {
			return touching, nil
		}
		return nothing, nil
	}
	switch {
	case late:
		return nothing, ErrCommitted
	case s.failed != nil:
		return nothing, s.failed
	case s.timedOut():
		return nothing, errTimedOut
	}
	return saving, nil
}

// timedOut reports whether the request's deadline has passed.
func (s *Session) timedOut() bool { return s.client != nil && s.client.timedOut() }

// save commits the journal, in two commits if the outcome of an earlier one is
// unknown. s.committing is held.
func (s *Session) save(ctx context.Context, final bool) error {
	detached, cancel := s.vault.detach(ctx)
	defer cancel()
	s.mu.Lock()
	doubt := s.doubt
	s.mu.Unlock()
	if doubt != nil {
		if err := s.attempt(detached, final, doubt); err != nil {
			return err
		}
		s.mu.Lock()
		dirty, failed := s.dirty(), s.failed
		s.mu.Unlock()
		if failed != nil || !dirty {
			return failed
		}
	}
	err := s.attempt(detached, final, nil)
	if err != nil && final && s.onlyMoves() {
		// The request changed nothing, and what it read is right. The next request
		// tries again to move the session.
		return nil
	}
	return err
}

// onlyMoves reports whether the move from a source is all there is to save.
func (s *Session) onlyMoves() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source != nil && len(s.journal) == 0 && s.regenerate == 0
}

// attempt commits the journal, or if earlier is not nil, only finishes that commit.
// s.committing is held.
func (s *Session) attempt(ctx context.Context, final bool, earlier *doubt) error {
	started := s.vault.started()
	c, err := s.newCommit(final), error(nil)
	if earlier != nil {
		err = s.resume(&c, earlier)
	}
	if err == nil {
		err = c.run(ctx)
	}
	s.finish(&c, err)
	if s.vault.observe != nil {
		s.vault.tell(ctx, c.event(err, since(started)))
	}
	return err
}

// newCommit returns a commit of the session as it is now. s.committing is held;
// newCommit takes s.mu.
func (s *Session) newCommit(final bool) commit {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight = len(s.journal)
	c := commit{
		v:          s.vault,
		st:         s.vault.primary,
		now:        time.Now(),
		content:    *s.content,
		base:       s.stored,
		journal:    s.journal[:s.inflight:s.inflight],
		regenerate: s.regenerate > 0,
		final:      final,
		retired:    s.retired,
		source:     s.source,
		writeToken: rand.Uint64() | 1<<63, // small numbers have meanings: see pendingToken and endedToken
	}
	if !final {
		c.content.Fields = cloneFields(c.content.Fields)
	}
	if s.client != nil {
		c.sender = s.client
	}
	if !c.st.stateless && (c.base.data == nil || c.regenerate) {
		c.newToken = s.nextToken()
	}
	c.regenerations = s.regenerate
	return c
}

// resume changes c into the commit d of unknown outcome: the same write token and the
// same part of the journal. s.committing is held; resume takes s.mu, but not while
// functions of Update run.
func (s *Session) resume(c *commit, d *doubt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight = d.entries
	c.journal, c.writeToken, c.failure = s.journal[:d.entries:d.entries], d.writeToken, d.err
	c.newToken, c.regenerations, c.regenerate = d.newToken, d.regenerations, d.regenerations > 0
	base := &s.stored.content
	if s.source != nil && s.stored.data == nil {
		base = &s.source.content
	}
	c.content = *base
	c.content.Fields = cloneFields(base.Fields)
	return s.unlocked(func() error { return replay(c.journal, &c.content, c.st.values) })
}

// finish notes in s how c ended. s.committing is held; finish takes s.mu.
func (s *Session) finish(c *commit, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saveErr = err
	switch {
	case c.stored:
		s.doubt, s.source, s.retired, s.unsure = nil, nil, false, false
		s.regenerate -= c.regenerations
		if s.id == c.newToken {
			s.id = ""
		}
		if c.reply != keepToken {
			s.reply = c.reply
		}
		s.rebase(&c.base, s.inflight)
	case isUnknown(err):
		s.doubt = &doubt{c.writeToken, c.newToken, c.regenerations, s.inflight, err}
	}
	s.inflight = 0
	if s.discarded {
		s.discarded = false
		s.discard()
	}
}

// rebase makes base the record that s is based on, and applies journal[done:], the
// changes that base does not contain, to it. If that fails, the next commit fails
// with the same error. s.mu is held, but not while functions of Update run, which may
// use the session.
func (s *Session) rebase(base *snapshot, done int) {
	for len(s.journal) > done {
		version, later := s.version, slices.Clone(s.journal[done:])
		content := base.content
		content.Fields = cloneFields(base.content.Fields)
		err := s.unlocked(func() error { return replay(later, &content, s.serializer()) })
		if s.version == version {
			s.version++
			s.stored, s.content, s.owned = *base, &content, true
			s.journal, s.failed = later, err
			return
		}
	}
	s.version++
	s.stored = *base
	s.content, s.owned = &s.stored.content, false
	s.journal = nil
}

// unlocked releases s.mu while f runs. s.mu is held.
func (s *Session) unlocked(f func() error) error {
	s.mu.Unlock()
	defer s.mu.Lock()
	return f()
}

// Discard undoes all changes since the session was loaded or last saved, except
// Destroy. Call it if Save failed but the handler answers with success. It does not
// undo what a concurrent Save is saving.
func (s *Session) Discard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inflight > 0 {
		s.discarded = true // finish discards
		return
	}
	s.discard()
}

// discard undoes the changes that are not saved. s.mu is held.
func (s *Session) discard() {
	if len(s.journal) == 0 && s.regenerate == 0 && s.failed == nil && s.doubt == nil {
		s.saveErr = nil
		return
	}
	s.unsure = s.unsure || s.doubt != nil
	s.journal, s.regenerate, s.id, s.failed, s.saveErr, s.doubt = nil, 0, "", nil, nil, nil
	s.version++
	s.content, s.owned = &s.stored.content, false
	if s.source != nil && s.stored.data == nil {
		s.content = &s.source.content
	}
}
