package sessions

import (
	"context"
	"errors"
	"time"

	"github.com/gosessions/sessions/backends"
)

// touchWindow is how much of the idle time may pass before use is recorded.
const touchWindow = time.Minute

// touchDue tells whether a session that was loaded and not changed has to be
// touched, so that it counts as used.
func (s *Session) touchDue() bool {
	cfg := &s.mw.config
	if s.stored.data == nil || s.ex == nil || s.timedOut() {
		return false
	}
	if cfg.NoTouch != nil && cfg.NoTouch(s.ex.r) {
		return false
	}
	left := s.stored.ttl
	if idle := cfg.IdleTimeout; idle > 0 {
		window := min(idle/10, touchWindow)
		if most := s.left(&s.stored); most < idle {
			// The last touch before the absolute deadline reaches up to it.
			idle, window = most, time.Second
		}
		return left == 0 || left < idle-window
	}
	// In formats without a creation time the lifetime counts from the last
	// write, and a session slides: its cookie if it has one to extend, and a
	// stored record in any case.
	return s.mw.primary.defaults.SlidingLifetime && left > 0 &&
		left < cfg.Lifetime-cfg.Lifetime/10 &&
		(!s.mw.primary.stateless || s.persistent(&s.stored.content))
}

// left returns how long the stored session may live at most.
func (s *Session) left(old *stored) time.Duration {
	if end := deadline(&old.content, s.mw.config.Lifetime); !end.IsZero() {
		return time.Until(end)
	}
	return s.mw.config.Lifetime
}

// touch extends the session's life. A failure costs nobody any data, so the
// response goes out; the observer is told.
func (s *Session) touch(ctx context.Context) {
	ctx, cancel := s.mw.detach(ctx)
	defer cancel()
	err := s.extend(ctx)
	switch {
	case err == nil:
		s.mw.observe(ctx, Event{Kind: EventTouched})
	case errors.Is(err, ErrNotFound):
		s.mw.observe(ctx, Event{Kind: EventGone})
	default:
		s.mw.observe(ctx, Event{Kind: EventFailed, Err: wrap(backends.OpTouch, err)})
	}
}

func (s *Session) extend(ctx context.Context) error {
	s.mu.Lock()
	old := s.stored
	s.mu.Unlock()
	ttl := s.left(&old)
	if idle := s.mw.config.IdleTimeout; idle > 0 {
		ttl = min(ttl, idle)
	}
	if ttl <= 0 {
		return ErrNotFound
	}
	st := s.mw.primary
	id, err := backends.Touch(ctx, st.backend, old.id, ttl)
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
		// The client has to know: the token is another one, or its cookie
		// would end too early.
		s.reply = sendToken
	}
	return nil
}
