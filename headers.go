package sessions

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// writeHeader adds the session's lines to the header of a response: Vary, and if
// the token changed, Set-Cookie and Cache-Control. A response that does not depend on
// the session has none of them.
func (ex *exchange) writeHeader(s *Session, h http.Header) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ex.writeHeaderLocked(s, h, &ex.lines)
}

// headerRoom is room for the lines that a session adds to a header.
type headerRoom struct{ vary, cookie, noStore [1]string }

// writeHeaderLocked is writeHeader while s.mu is held.
func (ex *exchange) writeHeaderLocked(s *Session, h http.Header, room *headerRoom) error {
	if ex.unused && s.reply == keepToken {
		return nil
	}
	for i, t := range ex.mw.transports {
		if name := t.Vary(); i == 0 && name != "" && len(h["Vary"]) == 0 {
			room.vary[0] = name
			h["Vary"] = room.vary[:]
		} else {
			addVary(h, name)
		}
	}
	for _, transports := range ex.mw.sources {
		for _, t := range transports {
			addVary(h, t.Vary())
		}
	}
	if s.reply == keepToken {
		return nil
	}
	send := func(h http.Header) error {
		expires := s.vault.expires(&s.stored.content, time.Now())
		if c, ok := ex.transport().(*cookieTransport); ok {
			return c.send(h, s.stored.token, expires, room.cookie[:0])
		}
		return ex.transport().Send(h, ex.r, s.stored.token, expires)
	}
	if s.reply == sendToken && len(ex.mw.sources) > 0 {
		// Try it first: if the new token cannot be sent, the client must keep the
		// old one.
		if err := send(make(http.Header)); err != nil {
			s.reply = keepToken
			return err
		}
	}
	cleared := ex.clearOthers(s, h)
	if s.reply == sendToken {
		if err := send(h); err != nil {
			s.reply = keepToken
			return err
		}
		ex.warnIfDropped()
	} else if !cleared {
		return nil
	}
	if !isPrivate(h["Cache-Control"]) {
		room.noStore[0] = "no-store"
		h["Cache-Control"] = room.noStore[:]
	}
	dropTargeted(h)
	return nil
}

// keepFromCaches forbids caches to store a response.
func keepFromCaches(h http.Header) {
	h["Cache-Control"] = []string{"no-store"}
	dropTargeted(h)
}

// dropTargeted removes the fields that some shared caches obey instead of
// Cache-Control (RFC 9213; X-Accel-Expires is nginx's).
func dropTargeted(h http.Header) {
	for name := range h {
		if strings.HasSuffix(name, "-Cache-Control") || name == "Surrogate-Control" || name == "X-Accel-Expires" {
			delete(h, name)
		}
	}
}

// clearOthers deletes the tokens of the client that lead to no session now: those
// of sources, and that of the primary store if the session has ended. It reports
// whether there were any. s.mu is held.
func (ex *exchange) clearOthers(s *Session, h http.Header) bool {
	cleared := false
	clear := func(transports []Transport) {
		for _, t := range transports {
			// The client also sent a token if the transport returns an error.
			if tokens, err := t.Tokens(nil, ex.r); len(tokens) > 0 || err != nil {
				t.Clear(h, ex.r)
				cleared = true
			}
		}
	}
	if !ex.several { // if there are several, deleting one could leave a planted one
		for _, transports := range ex.mw.sources {
			clear(transports)
		}
	}
	if s.reply == clearToken {
		clear(ex.mw.transports)
	}
	return cleared
}

// warnIfDropped logs once if browsers drop the cookie that was just sent, because it
// is Secure and was sent over plain http from a host that is not this machine.
func (ex *exchange) warnIfDropped() {
	c, ok := ex.transport().(*cookieTransport)
	if !ok || c.Insecure || ex.mw.warned.Load() || !isPlain(ex.r) || !ex.mw.warned.CompareAndSwap(false, true) {
		return
	}
	ex.mw.config.Logger.Warn("sessions: a Secure cookie was sent over plain http: browsers drop it, and every request gets a new session. Serve https; if a proxy does that, have it set X-Forwarded-Proto. For a test without https set Cookie.Insecure")
}

// isPlain reports whether r came over plain http to a host whose Secure cookies
// browsers then drop. They keep those of localhost.
func isPlain(r *http.Request) bool {
	if r.TLS != nil || r.URL.Scheme == "https" || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") ||
		strings.Contains(strings.ToLower(r.Header.Get("Forwarded")), "proto=https") {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if host == "" || strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost") {
		return false
	}
	ip := net.ParseIP(host)
	return ip == nil || !ip.IsLoopback()
}

// isPrivate reports whether the lines of Cache-Control forbid shared caches to store
// the response.
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

// ResponseHeader returns the header lines that the response to a protocol upgrade
// needs for the session, such as Set-Cookie. Call it after [Session.Save] and pass
// the result to the upgrader, which does not send the header of the
// ResponseWriter.
func (s *Session) ResponseHeader() http.Header {
	if s.client == nil {
		return make(http.Header)
	}
	return s.client.responseHeader()
}

// responseHeader implements [client].
func (ex *exchange) responseHeader() http.Header {
	h := make(http.Header)
	s := ex.session.Load()
	if s == nil {
		return h
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if ex.writeHeaderLocked(s, h, new(headerRoom)) == nil {
		s.reply = keepToken
	}
	return h
}

// headerLine is one entry of a header.
type headerLine struct {
	name   string
	values []string
}

// linesOf returns a copy of h, nil if it is empty.
func linesOf(h http.Header) []headerLine {
	if len(h) == 0 {
		return nil
	}
	lines := make([]headerLine, 0, len(h))
	for name, values := range h {
		lines = append(lines, headerLine{name, slices.Clone(values)})
	}
	return lines
}

// restore sets h to lines.
func restore(h http.Header, lines []headerLine) {
	clear(h)
	for _, line := range lines {
		h[line.name] = line.values
	}
}

// dropTrailers removes the trailers from h that a handler set after its response
// was refused.
func dropTrailers(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			delete(h, name)
		}
	}
}
