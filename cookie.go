package sessions

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gosessions/sessions/backends"
)

// Cookie is the [Transport] for browsers. Its zero value is the safest: the cookie
// "__Host-session" with Secure, HttpOnly, SameSite=Lax and Path=/. Cookies follow
// RFC 6265bis.
type Cookie struct {
	// Name is the cookie's name. Default: "__Host-session", or "session" if the
	// prefix is not possible because of Domain, Path, Insecure or the format of
	// another framework.
	Name string

	// Domain shares the cookie with the subdomains of a domain. Default: only
	// this host gets it.
	//
	// If you change Domain while browsers have the cookie, change Name too, and
	// list the old cookie as the Transport of a [Source]. Under the same name a
	// browser keeps both cookies and sends both: logins may fail, and a logout
	// may bring back the old session.
	Domain string

	// Path limits the cookie to this path and the paths below it. Default: "/".
	// If you change Path, change Name too and list the old cookie as the
	// Transport of a [Source], for the same reason as with Domain.
	Path string

	// SameSite restricts which requests from other sites carry the cookie.
	// Default: [http.SameSiteLaxMode].
	SameSite http.SameSite

	// Insecure lets browsers send the cookie over plain HTTP too. Use it only
	// for tools that do not treat localhost as secure.
	Insecure bool

	// ScriptReadable lets scripts in the page read the cookie: it is sent
	// without HttpOnly.
	ScriptReadable bool

	// Partitioned makes browsers keep a separate cookie for each top-level site
	// that embeds this one (CHIPS).
	Partitioned bool

	// Duplicates selects which cookies count if a request has several of this
	// name. Default: what the backend proposes, otherwise [RefuseAmbiguous].
	Duplicates Duplicates
}

const (
	cookieName = "session"
	hostPrefix = "__Host-"

	// maxCookie is the size of name and value beyond which a browser drops a
	// cookie (RFC 6265bis, 5.6).
	maxCookie = 4096
	// maxAttribute is the size beyond which a browser ignores an attribute.
	maxAttribute = 1024
)

// Tokens implements [Transport].
func (c Cookie) Tokens(dst []string, r *http.Request) ([]string, error) {
	return c.complete().Tokens(dst, r)
}

// Send implements [Transport]. It refuses a Cookie that [New] would refuse, so
// that a Transport of your own that changes a Cookie for each request cannot send
// an invalid one.
func (c Cookie) Send(h http.Header, r *http.Request, token string, expires time.Time) error {
	t := c.complete()
	if err := t.validate(); err != nil {
		return err
	}
	return t.Send(h, r, token, expires)
}

// Clear implements [Transport]. It does nothing if Send would refuse.
func (c Cookie) Clear(h http.Header, r *http.Request) {
	if t := c.complete(); t.validate() == nil {
		t.Clear(h, r)
	}
}

// Vary implements [Transport].
func (c Cookie) Vary() string { return "Cookie" }

// cookieTransport is a Cookie with its defaults filled in and its attributes rendered.
type cookieTransport struct {
	Cookie
	attributes string // from "; Path=" on
}

func (c Cookie) preset(d backends.Defaults, native bool) Transport {
	if c.Name == "" {
		c.Name = d.Cookie
	}
	if c.Name == "" && !native {
		c.Name = cookieName
	}
	if c.Duplicates == DefaultDuplicates {
		c.Duplicates = d.Duplicates
	}
	return c.complete()
}

func (c Cookie) complete() *cookieTransport {
	if c.Path == "" {
		c.Path = "/"
	}
	if c.Name == "" {
		c.Name = cookieName
		if c.Domain == "" && c.Path == "/" && !c.Insecure {
			c.Name = hostPrefix + cookieName
		}
	}
	if c.SameSite == 0 || c.SameSite == http.SameSiteDefaultMode {
		c.SameSite = http.SameSiteLaxMode
	}
	if c.Duplicates == DefaultDuplicates {
		c.Duplicates = RefuseAmbiguous
	}
	var b strings.Builder
	b.WriteString("; Path=" + c.Path)
	if c.Domain != "" {
		b.WriteString("; Domain=" + strings.TrimPrefix(c.Domain, "."))
	}
	if !c.ScriptReadable {
		b.WriteString("; HttpOnly")
	}
	if !c.Insecure {
		b.WriteString("; Secure")
	}
	switch c.SameSite {
	case http.SameSiteStrictMode:
		b.WriteString("; SameSite=Strict")
	case http.SameSiteNoneMode:
		b.WriteString("; SameSite=None")
	default:
		b.WriteString("; SameSite=Lax")
	}
	if c.Partitioned {
		b.WriteString("; Partitioned")
	}
	return &cookieTransport{c, b.String()}
}

// validate returns an error if browsers would not accept the cookie.
func (c *cookieTransport) validate() error {
	if c.Name == "" || strings.ContainsFunc(c.Name, func(r rune) bool { return !isToken(r) }) {
		return errors.New("sessions: Cookie.Name is not a valid cookie name: use letters, digits, '-' and '_' (RFC 6265, 4.1.1)")
	}
	if len(c.Name) > maxAttribute || len(c.Path) > maxAttribute || len(c.Domain) > maxAttribute {
		return errors.New("sessions: Cookie.Name, Path or Domain is longer than 1024 bytes: a browser would ignore it")
	}
	for _, p := range []string{hostPrefix, "__Secure-", "__Http-", "__Host-Http-", "Host__", "Host-", "Secure__", "_Host-"} {
		if len(c.Name) < len(p) || !strings.EqualFold(c.Name[:len(p)], p) {
			continue
		}
		if !strings.HasPrefix(c.Name, "__") || c.Name[:len(p)] != p {
			return fmt.Errorf("sessions: Cookie.Name begins almost like a cookie name prefix: write %s, __Secure-, __Http- or __Host-Http- in exactly this case, or choose another name", hostPrefix)
		}
	}
	prefixed := func(p string) bool { return strings.HasPrefix(c.Name, p) }
	switch {
	case prefixed(hostPrefix) && (c.Domain != "" || c.Path != "/"):
		return errors.New("sessions: Cookie: the prefix __Host- forbids a Domain and any Path but \"/\": leave them out, or use the prefix __Secure-")
	case (prefixed(hostPrefix) || prefixed("__Secure-") || prefixed("__Http-")) && c.Insecure:
		return errors.New("sessions: Cookie: the prefix of the name needs Secure: leave Insecure out, or choose a name without a prefix")
	case (prefixed("__Http-") || prefixed("__Host-Http-")) && c.ScriptReadable:
		return errors.New("sessions: Cookie: the prefix of the name needs HttpOnly: leave ScriptReadable out")
	case c.SameSite == http.SameSiteNoneMode && c.Insecure:
		return errors.New("sessions: Cookie: SameSite=None needs Secure: leave Insecure out")
	case c.Partitioned && c.Insecure:
		return errors.New("sessions: Cookie: Partitioned needs Secure: leave Insecure out")
	case c.SameSite > http.SameSiteNoneMode || c.SameSite < 0:
		return errors.New("sessions: Cookie.SameSite is not a valid value: use a constant of net/http")
	case c.Path[0] != '/' || strings.ContainsFunc(c.Path, notAttribute):
		return errors.New("sessions: Cookie.Path must begin with \"/\" and must not contain ';', ',', spaces, control characters or non-ASCII characters")
	case c.Domain != "" && !isDomain(strings.TrimPrefix(c.Domain, ".")):
		return errors.New("sessions: Cookie.Domain is not a valid domain name: give a host name without scheme and port")
	case c.Duplicates > LastOnly:
		return errors.New("sessions: Cookie.Duplicates is not a valid value: use RefuseAmbiguous, FirstOnly or LastOnly")
	}
	return nil
}

func (c *cookieTransport) Tokens(dst []string, r *http.Request) ([]string, error) {
	start := len(dst)
	for _, line := range r.Header["Cookie"] {
		for len(line) > 0 {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			name, value, found := strings.Cut(strings.Trim(pair, " \t"), "=")
			if !found || name != c.Name {
				continue
			}
			if n := len(value); n > 1 && value[0] == '"' && value[n-1] == '"' {
				value = value[1 : n-1]
			}
			switch {
			case c.Duplicates == LastOnly:
				dst = append(dst[:start], value)
			case slices.Contains(dst[start:], value):
			case len(dst)-start == triedTokens:
				return dst[:start], ErrAmbiguousToken
			default:
				dst = append(dst, value)
				if c.Duplicates == FirstOnly {
					return dst, nil
				}
			}
		}
	}
	return dst, nil
}

func (c *cookieTransport) Send(h http.Header, _ *http.Request, token string, expires time.Time) error {
	return c.send(h, token, expires, nil)
}

// send is Send with room for the values of Set-Cookie, in case there are none yet.
func (c *cookieTransport) send(h http.Header, token string, expires time.Time, room []string) error {
	if size := len(c.Name) + len(token); size > maxCookie {
		return fmt.Errorf("%w: name and value of the cookie take %d bytes, browsers keep %d: store less, or use a server-side backend", ErrTooLarge, size, maxCookie)
	}
	for i := range len(token) {
		if !isCookieOctet(token[i]) {
			return errors.New("sessions: the backend made a token that a cookie cannot carry")
		}
	}
	var buf [80]byte
	end := buf[:0]
	if !expires.IsZero() {
		// Browsers prefer Max-Age; some clients know only Expires.
		end = append(end, "; Expires="...)
		end = expires.UTC().AppendFormat(end, http.TimeFormat)
		end = append(end, "; Max-Age="...)
		end = strconv.AppendInt(end, max(0, int64((time.Until(expires)+time.Second-1)/time.Second)), 10)
	}
	var b strings.Builder
	b.Grow(len(c.Name) + 1 + len(token) + len(end) + len(c.attributes))
	b.WriteString(c.Name)
	b.WriteByte('=')
	b.WriteString(token)
	b.Write(end)
	b.WriteString(c.attributes)
	c.set(h, b.String(), room)
	return nil
}

func (c *cookieTransport) Clear(h http.Header, _ *http.Request) {
	c.set(h, c.Name+"=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"+c.attributes, nil)
}

// set adds a Set-Cookie line and removes earlier ones of the same name, because a
// response must not set one cookie twice (RFC 6265bis, 4.1.1). If there are none, it
// appends to room.
func (c *cookieTransport) set(h http.Header, line string, room []string) {
	const key = "Set-Cookie"
	lines := h[key]
	if len(lines) == 0 {
		lines = room
	} else {
		lines = slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
			name, _, _ := strings.Cut(line, "=")
			return strings.TrimSpace(name) == c.Name
		})
	}
	h[key] = append(lines, line)
}

// isToken reports whether a token may contain r (RFC 9110, 5.6.2).
func isToken(r rune) bool {
	return r > ' ' && r < 0x7f && !strings.ContainsRune("()<>@,;:\\\"/[]?={}", r)
}

// isCookieOctet reports whether a cookie's value may contain b (RFC 6265, 4.1.1).
func isCookieOctet(b byte) bool {
	return b > ' ' && b < 0x7f && b != '"' && b != ',' && b != ';' && b != '\\'
}

func notAttribute(r rune) bool { return r <= ' ' || r >= 0x7f || r == ';' || r == ',' }

func isDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if b := label[i]; b != '-' && (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') {
				return false
			}
		}
	}
	return true
}
