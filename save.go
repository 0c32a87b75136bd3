package sessions

import (
	"context"
	"fmt"
	"math/rand/v2" //rules:allow because a write token need only be different from others, and is no secret
	"slices"
	"time"
)

// errTimedOut is why nothing is saved for a request whose time is over. A
// timeout handler outside of the middleware has answered, or will: no cookie can
// be sent any more, and the visitor is told that the request failed.
var errTimedOut = fmt.Errorf("sessions: the request's time was over before its session was saved: %w", context.DeadlineExceeded)

// Save saves the session now instead of when the response begins. It may be
// repeated. A cookie that has to be set waits for the response's header.
//
// After an error the changes are kept. They are saved with the response, unless
// the handler answers with an error status itself; see [Session.Discard]. A
// commit of unknown outcome is never applied twice.
func (s *Session) Save(ctx context.Context) error {
	return s.commit(ctx, false, false)
}

// commit saves what the journal holds, if anything. final ends the session's
// changes; failing says that the response reports an error.
func (s *Session) commit(ctx context.Context, final, failing bool) error {
	ctx, tell := s.vault.collect(ctx)
	defer tell()
	if err := s.committing.lock(s.vault.timeout); err != nil {
		return err
	}
	defer s.committing.unlock()
	due, err := s.prepare(final, failing)
	switch {
	case err == errTimedOut:
		s.vault.tell(ctx, Event{Kind: EventTimedOut})
	case due == touching:
		s.touch(ctx)
	case due == saving:
		err = s.save(ctx, final)
	}
	return err
}

// duty is what a commit has to do.
type duty uint8

const (
	nothing duty = iota
	touching
	saving
)

// prepare decides what has to be done.
func (s *Session) prepare(final, failing bool) (duty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	late := s.closed
	s.closed = s.closed || final
	if final && !late && failing && s.saveErr != nil {
		return nothing, nil // the handler knows, and its answer says so
	}
	if s.failed == nil && !s.dirty() {
		if len(s.journal) > 0 && s.stored.data == nil && s.vault.primary.absent(s.content) {
			// Cleared, while the client holds a token that leads nowhere: as
			// Flask does, leave it with none.
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

// timedOut reports whether the request ended by its deadline.
func (s *Session) timedOut() bool { return s.client != nil && s.client.timedOut() }

// save commits the journal. s.committing is held.
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
		// The visitor only looks at a page, and what it shows was read. The next
		// request tries again to move the session.
		return nil
	}
	return err
}

// onlyMoves reports whether there is nothing to save but the move from a source.
func (s *Session) onlyMoves() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source != nil && len(s.journal) == 0 && s.regenerate == 0
}

// attempt commits the journal, or finishes the commit earlier, if it is not nil.
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

// newCommit returns what saves the session as it is now.
func (s *Session) newCommit(final bool) commit {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight = len(s.journal)
	content := *s.content
	if !final {
		content.Fields = cloneFields(content.Fields)
	}
	c := commit{
		v:          s.vault,
		st:         s.vault.primary,
		now:        time.Now(),
		content:    &content,
		base:       s.stored,
		journal:    s.journal[:s.inflight:s.inflight],
		regenerate: s.regenerate > 0,
		final:      final,
		retired:    s.retired,
		source:     s.source,
		writeToken: rand.Uint64() | 1<<63, // the small ones have meanings
	}
	if s.client != nil {
		c.sendable = s.client.sendable
	}
	if !c.st.stateless && (c.base.data == nil || c.regenerate) {
		c.newToken = s.nextToken()
	}
	c.regenerations = s.regenerate
	return c
}

// resume makes c the commit of unknown outcome again.
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
	*c.content = *base
	c.content.Fields = cloneFields(base.Fields)
	return s.unlocked(func() error { return replay(c.journal, c.content, c.st.values) })
}

// finish notes how a commit ended.
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

// rebase makes base what the session is based on. The changes from
// journal[done:], which base does not hold, are done again on top of it; a change
// for which that is impossible fails the next commit. s.mu is held, but not while
// functions of Update run, which may use the session.
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

// unlocked runs f without s.mu.
func (s *Session) unlocked(f func() error) error {
	s.mu.Unlock()
	defer s.mu.Lock()
	return f()
}

// Discard forgets every change since the session was loaded or saved, Destroy
// excepted. Call it if Save failed and the handler answers with success all the
// same. What a commit that is under way saves stays saved.
func (s *Session) Discard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inflight > 0 {
		s.discarded = true // when it ends
		return
	}
	s.discard()
}

// discard forgets the changes that are not saved. s.mu is held.
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
