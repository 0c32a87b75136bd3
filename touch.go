package sessions

import (
	"context"
	"errors"
	"time"
)

// touchWindow is the longest time for which use is not recorded again.
const touchWindow = time.Minute

// touchDue reports whether an unchanged session has to be touched, so that it counts
// as used. s.mu is held.
func (s *Session) touchDue() bool {
	v := s.vault
	if s.stored.data == nil || s.client == nil || s.timedOut() || s.client.noTouch() {
		return false
	}
	left := s.stored.ttl
	if idle := v.idleOf(&s.stored.content); idle > 0 {
		window := min(idle/10, touchWindow)
		if most := v.left(&s.stored.content); most < idle {
			// A touch cannot extend the session beyond its absolute deadline.
			idle, window = most, time.Second
		}
		return left == 0 || left < idle-window
	}
	// In formats that do not store the creation, the lifetime counts from the
	// last write, and use extends it: that of the record, or of a persistent
	// cookie.
	return v.primary.defaults.SlidingLifetime && left > 0 &&
		left < v.lifetime-v.lifetime/10 &&
		(!v.primary.stateless || v.persistent(&s.stored.content))
}

// touch extends the session's life. No data is lost if it fails, so the response is
// sent nevertheless, and only the observer is told. s.committing is held.
func (s *Session) touch(ctx context.Context) {
	ctx, end := s.vault.trace(ctx, "touch")
	detached, cancel := s.vault.detach(ctx)
	defer cancel()
	err := s.extend(detached)
	end(err)
	switch {
	case err == nil:
		s.vault.tell(ctx, Event{Kind: EventTouched})
	case errors.Is(err, ErrNotFound):
		s.vault.tell(ctx, Event{Kind: EventGone})
	default:
		s.vault.tell(ctx, Event{Kind: EventFailed, Err: err})
	}
}

// extend extends the record's life, or makes the new token of a stateless session.
// It takes s.mu, but not during I/O.
func (s *Session) extend(ctx context.Context) error {
	s.mu.Lock()
	old := s.stored
	s.mu.Unlock()
	ttl := s.vault.left(&old.content)
	if idle := s.vault.idleOf(&old.content); idle > 0 {
		ttl = min(ttl, idle)
	}
	if ttl <= 0 {
		return ErrNotFound
	}
	st := s.vault.primary
	id, err := st.touch(ctx, old.id, ttl)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored.ttl = ttl
	if st.stateless {
		s.stored.id, s.stored.token = id, id
	}
	if st.stateless || old.content.Created.IsZero() {
		// Send the new token, or the same one again, so that its cookie does not
		// end too early.
		s.reply = sendToken
	}
	return nil
}

// keepAlive extends the session's life while its request is under way, because an
// upload may take longer than the idle timeout. It does no I/O for a request that
// takes less than half of the timeout. It is called before s is shared, and takes
// s.mu.
func (s *Session) keepAlive() {
	v := s.vault
	left := v.idleOf(&s.stored.content)
	if left == 0 || v.primary.stateless || s.stored.data == nil || s.client == nil || s.client.noTouch() {
		return
	}
	if s.stored.ttl > 0 {
		left = min(left, s.stored.ttl)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heartbeat = time.AfterFunc(left/2, s.beat)
}

// beat is one touch of keepAlive, in a goroutine of its own. It ignores errors: the
// commit finds out whether the session has ended. It takes s.mu, but not during I/O.
func (s *Session) beat() {
	s.mu.Lock()
	stored, timer := s.stored.data != nil, s.heartbeat
	s.mu.Unlock()
	if !stored || timer == nil {
		return
	}
	ctx, cancel := s.vault.detach(context.Background())
	defer cancel()
	_ = s.extend(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heartbeat != nil {
		s.heartbeat.Reset(s.vault.idle / 2)
	}
}

// stopBeating ends keepAlive. It takes s.mu.
func (s *Session) stopBeating() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heartbeat != nil {
		s.heartbeat.Stop()
		s.heartbeat = nil
	}
}
