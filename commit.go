package sessions

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2" //rules:allow because a write token need only be different from others, and is no secret
	"slices"
	"time"
)

// errTimedOut is why nothing is saved for a request whose time is over. A
// timeout handler outside of us has answered, or will: no cookie can be sent any
// more, and the visitor is told that the request failed.
var errTimedOut = fmt.Errorf("sessions: the request's time was over before its session was saved: %w", context.DeadlineExceeded)

// commit saves what the journal holds, if anything; final ends the session's
// changes. ctx is detached from the client.
func (s *Session) commit(ctx context.Context, final bool) error {
	s.committing.Lock()
	defer s.committing.Unlock()
	due, err := s.prepare(final)
	switch {
	case err == errTimedOut:
		s.mw.observe(ctx, Event{Kind: EventTimedOut})
	case due == touching:
		s.touch(ctx)
	case due == saving:
		err = s.save(ctx, final)
	}
	return err
}

func (s *Session) save(ctx context.Context, final bool) error {
	started := s.mw.started()
	j := s.job(final)
	ctx, cancel := s.mw.detach(ctx)
	defer cancel()
	err := j.run(ctx)
	s.finish(&j, err)
	s.report(ctx, &j, err, since(started))
	return err
}

// timedOut tells whether the request ended by its deadline.
func (s *Session) timedOut() bool {
	return s.ex != nil && errors.Is(s.ex.Context.Err(), context.DeadlineExceeded)
}

// duty is what a commit has to do.
type duty uint8

const (
	nothing duty = iota
	touching
	saving
)

// prepare tells what has to be done.
func (s *Session) prepare(final bool) (duty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	late := s.closed
	s.closed = s.closed || final
	if s.failed == nil && !s.dirty() {
		if len(s.journal) > 0 && s.stored.data == nil && s.mw.primary.absent(s.content) {
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

// job returns what saves the session as it is now.
func (s *Session) job(final bool) job {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inflight = len(s.journal)
	content := *s.content
	if !final {
		content.Fields = cloneFields(content.Fields)
	}
	j := job{
		s:          s,
		mw:         s.mw,
		st:         s.mw.primary,
		now:        time.Now(),
		content:    &content,
		journal:    s.journal[:s.inflight:s.inflight],
		old:        s.stored,
		regenerate: s.regenerate,
		final:      final,
		own:        rand.Uint64() | 1,
	}
	if !j.st.stateless && (j.old.data == nil || j.regenerate > 0) {
		j.token = s.nextToken()
	}
	return j
}

// finish notes how a commit ended.
func (s *Session) finish(j *job, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.imported = nil
		s.regenerate -= j.regenerate
		if s.id == j.token {
			s.id = ""
		}
		if j.reply != keepToken {
			s.reply = j.reply
		}
		s.rebase(&j.old, s.inflight)
	}
	s.inflight = 0
}

// rebase makes base what the session is based on. The changes from
// journal[done:], which base does not hold, are done again on top of it; a change
// for which that is impossible fails the next commit. s.mu is held, but not while
// functions of Update run, which may use the session.
func (s *Session) rebase(base *stored, done int) {
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
