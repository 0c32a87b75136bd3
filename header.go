package sessions

import (
	"errors"
	"net/http"
	"net/textproto"
	"strings"
	"time"
)

// Header is the [Transport] for clients without cookies: the token travels in a
// request header, and a new one comes back in the response header of the same
// name. An empty one tells the client to forget it.
//
// A browser's script that keeps tokens in local storage gives them to every
// other script on the page; prefer [Cookie] for browsers.
type Header struct {
	// Name is the header's name, such as "X-Session". Default: "Authorization".
	Name string

	// Scheme comes before the token, as in "Bearer TOKEN"; it is matched in any
	// case. Default: "Bearer" for Authorization, none otherwise.
	Scheme string
}

// Bearer returns the transport for "Authorization: Bearer TOKEN" (RFC 6750).
func Bearer() Header { return Header{} }

// Tokens implements [Transport]. Two header lines, or anything but one token,
// are refused.
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

// Send implements [Transport]. It refuses a Header that [New] would refuse, and
// a token that Tokens would not read.
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

// Clear implements [Transport]. It does nothing where Send refuses.
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
		return errors.New("sessions: Header.Name is no header name")
	}
	if strings.ContainsFunc(t.Scheme, func(r rune) bool { return !isToken(r) }) {
		return errors.New("sessions: Header.Scheme is no token: give one word")
	}
	if t.Name == "Cookie" || t.Name == "Set-Cookie" {
		return errors.New("sessions: Header.Name is a cookie header: use the transport Cookie")
	}
	return nil
}
