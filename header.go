package sessions

import (
	"errors"
	"net/http"
	"net/textproto"
	"strings"
	"time"
)

// Header is the [Transport] for clients that do not use cookies. The client sends
// the token in a request header, and gets a new token in the response header of
// the same name. A response header without a token tells the client to forget it.
//
// Prefer [Cookie] for browsers: every script in a page can read a token that one
// of them keeps in local storage.
type Header struct {
	// Name is the header's name, such as "X-Session". Default: "Authorization".
	Name string

	// Scheme is the word before the token, as in "Bearer TOKEN". Its case does
	// not matter. Default: "Bearer" for Authorization, none otherwise.
	Scheme string
}

// Bearer returns the transport for "Authorization: Bearer TOKEN" (RFC 6750).
func Bearer() Header { return Header{} }

// Tokens implements [Transport]. It returns ErrAmbiguousToken for more than one
// header line, and for a line that contains anything but one token.
func (t Header) Tokens(dst []string, r *http.Request) ([]string, error) {
	t = t.complete()
	lines := r.Header[t.Name]
	if len(lines) == 0 {
		return dst, nil
	}
	if len(lines) > 1 {
		return dst, ErrAmbiguousToken
	}
	token := lines[0]
	if t.Scheme != "" {
		scheme, rest, _ := strings.Cut(token, " ")
		if !strings.EqualFold(scheme, t.Scheme) {
			return dst, nil
		}
		token = rest
	}
	if token == "" {
		return dst, nil
	}
	for i := range len(token) {
		if !isCookieOctet(token[i]) {
			return dst, ErrAmbiguousToken
		}
	}
	return append(dst, token), nil
}

// Send implements [Transport]. It refuses a Header that [New] would refuse, and a
// token that Tokens would not accept.
func (t Header) Send(h http.Header, _ *http.Request, token string, _ time.Time) error {
	if err := t.validate(); err != nil {
		return err
	}
	for i := range len(token) {
		if !isCookieOctet(token[i]) {
			return errors.New("sessions: the backend made a token that a header cannot carry")
		}
	}
	t = t.complete()
	if t.Scheme != "" {
		token = t.Scheme + " " + token
	}
	h[t.Name] = []string{token}
	return nil
}

// Clear implements [Transport]. It does nothing if Send would refuse.
func (t Header) Clear(h http.Header, _ *http.Request) {
	if t.validate() == nil {
		t = t.complete()
		h[t.Name] = []string{t.Scheme}
	}
}

// Vary implements [Transport].
func (t Header) Vary() string { return t.complete().Name }

func (t Header) complete() Header {
	if t.Name == "" {
		t.Name = "Authorization"
	}
	t.Name = textproto.CanonicalMIMEHeaderKey(t.Name)
	if t.Scheme == "" && t.Name == "Authorization" {
		t.Scheme = "Bearer"
	}
	return t
}

func (t Header) validate() error {
	t = t.complete()
	if strings.ContainsFunc(t.Name, func(r rune) bool { return !isToken(r) }) {
		return errors.New("sessions: Header.Name is not a valid header name: use letters, digits and '-'")
	}
	if strings.ContainsFunc(t.Scheme, func(r rune) bool { return !isToken(r) }) {
		return errors.New("sessions: Header.Scheme is not a valid scheme: give one word")
	}
	if t.Name == "Cookie" || t.Name == "Set-Cookie" {
		return errors.New("sessions: Header.Name is a cookie header: use the transport Cookie")
	}
	return nil
}
