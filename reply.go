package sessions

import (
	"net/http"
	"strings"
	"time"
)

// writeHeader adds what the session has to say to a response's header.
func (s *Session) writeHeader(h http.Header) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writeHeaderLocked(h)
}

func (s *Session) writeHeaderLocked(h http.Header) error {
	transports := s.mw.primary.transports
	for i, t := range transports {
		if name := t.Vary(); i == 0 && name != "" && len(h["Vary"]) == 0 {
			s.ex.vary[0] = name
			h["Vary"] = s.ex.vary[:]
		} else {
			addVary(h, name)
		}
	}
	for _, st := range s.mw.sources {
		for _, t := range st.transports {
			addVary(h, t.Vary())
		}
	}
	if s.reply == keepToken {
		return nil
	}
	send := func(h http.Header) error {
		return transports[s.carrier].Send(h, s.stored.token, s.expires(&s.stored.content, time.Now()))
	}
	if s.reply == sendToken && len(s.mw.sources) > 0 {
		// Tried first: the old token must stay if the new one cannot be sent.
		if err := send(make(http.Header)); err != nil {
			s.reply = keepToken
			return err
		}
	}
	cleared := s.clearOthers(h)
	if s.reply == sendToken {
		if err := send(h); err != nil {
			s.reply = keepToken
			return err
		}
	} else if !cleared {
		return nil
	}
	if !isPrivate(h["Cache-Control"]) {
		s.ex.noStore[0] = "no-store"
		h["Cache-Control"] = s.ex.noStore[:]
	}
	dropTargeted(h)
	return nil
}

// keepFromCaches forbids to store a response.
func keepFromCaches(h http.Header) {
	h["Cache-Control"] = []string{"no-store"}
	dropTargeted(h)
}

// dropTargeted removes what some shared caches obey instead of Cache-Control
// (RFC 9213).
func dropTargeted(h http.Header) {
	delete(h, "Cdn-Cache-Control")
	delete(h, "Surrogate-Control")
}

// clearOthers deletes the tokens that the client sent and that lead nowhere
// now: those of sources, and the primary store's if the session has ended. It
// tells whether there were any.
func (s *Session) clearOthers(h http.Header) bool {
	cleared := false
	clear := func(st *store) {
		for _, t := range st.transports {
			// What the transport refuses is a token that came in, too.
			if tokens, err := t.Tokens(nil, s.ex.r); len(tokens) > 0 || err != nil {
				t.Clear(h)
				cleared = true
			}
		}
	}
	if !s.tossed { // to delete one of several would leave the planted one
		for _, st := range s.mw.sources {
			clear(st)
		}
	}
	if s.reply == clearToken {
		clear(s.mw.primary)
	}
	return cleared
}

// isPrivate tells whether Cache-Control keeps shared caches away.
func isPrivate(lines []string) bool {
	for _, line := range lines {
		for directive := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			if strings.EqualFold(name, "no-store") || strings.EqualFold(name, "private") && value == "" {
				return true
			}
		}
	}
	return false
}

// addVary adds name to the Vary header, unless it is there already.
func addVary(h http.Header, name string) {
	if name == "" {
		return
	}
	lines := h["Vary"]
	for _, line := range lines {
		for field := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(field), name) {
				return
			}
		}
	}
	if len(lines) == 0 {
		h["Vary"] = []string{name}
		return
	}
	merged := strings.Join(lines, ", ") + ", " + name
	h["Vary"] = []string{merged}
}

// ResponseHeader returns what the response to a protocol upgrade has to carry
// for the session: Set-Cookie and its like. Call it after [Session.Save] and give
// the result to the upgrader, because what stands in the ResponseWriter's header
// does not reach the client then.
func (s *Session) ResponseHeader() http.Header {
	h := make(http.Header)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ex == nil || s.writeHeaderLocked(h) != nil {
		return h
	}
	s.reply = keepToken
	return h
}
