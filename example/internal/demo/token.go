package demo

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/itsdangerous"
)

// token describes the token that the browser sent: enough to understand it, and
// nothing with which anyone could use it.
type token struct {
	Name       string // of the cookie, "" if none came
	Size       int    // of name and value, in bytes
	Refused    bool   // it leads to no session
	Attributes []string
	Parts      []part
	Content    string // what anyone who holds the cookie can read
}

// part is a part of a token, with its position in a picture of all parts.
type part struct {
	Name     string
	Kind     string  // content, time, proof or label
	Size     int     // in bytes
	X, Width float64 // in percent
}

// Limit returns how many bytes of name and value a browser keeps.
func (token) Limit() int { return 4096 }

// describeToken looks at a request's cookie.
func (app *app) describeToken(r *http.Request, s *sessions.Session) token {
	c := app.cookie(r)
	if c == nil {
		return token{}
	}
	t := token{
		Name:       c.Name,
		Size:       len(c.Name) + len(c.Value),
		Refused:    s.IsNew(),
		Attributes: []string{"Path=/", "HttpOnly", "SameSite=Lax"},
	}
	if !app.settings.insecure {
		t.Attributes = append(t.Attributes, "Secure")
	}
	if end := s.Expires(); !end.IsZero() {
		t.Attributes = append(t.Attributes, "Expires="+end.UTC().Format(time.RFC1123))
	}
	if !t.Refused {
		t.dissect(c.Value, app.settings)
	}
	return t
}

// cookie returns the cookie that carries the token, nil if none does.
func (app *app) cookie(r *http.Request) *http.Cookie {
	names := []string{app.settings.cookieName}
	if names[0] == "" {
		names = []string{"__Host-session", "session"}
	}
	for _, name := range names {
		if found := r.CookiesNamed(name); len(found) > 0 {
			return found[0]
		}
	}
	return nil
}

// dissect names the parts of a token that was found to be valid.
func (t *token) dissect(value string, s *settings) {
	if s.Backend != "cookie" {
		t.add("content", "random ID", len(value))
		t.measure()
		return
	}
	switch s.Codec {
	case "flask", "starlette":
		signed, signature := cutLast(value)
		payload, timestamp := cutLast(signed)
		t.add("content", "session", len(payload))
		t.add("time", "time of signing", len(timestamp)+1)
		t.add("proof", "signature", len(signature)+1)
		decode := itsdangerous.DecodePayload
		if s.Codec == "starlette" {
			decode = base64.StdEncoding.DecodeString
		}
		t.read(payload, decode)
	case "jwt":
		signed, signature := cutLast(value)
		header, payload := cutLast(signed)
		t.add("label", "header", len(header))
		t.add("content", "session", len(payload)+1)
		t.add("proof", "signature", len(signature)+1)
		t.read(payload, base64.RawURLEncoding.DecodeString)
	case "encrypted":
		const keyID, nonce, tag = 5, 24, 16 // in bytes, before base64
		inBase64 := base64.RawURLEncoding.EncodedLen
		t.add("label", "key ID", inBase64(keyID))
		t.add("time", "nonce", inBase64(nonce))
		t.add("content", "session, encrypted", len(value)-inBase64(keyID)-inBase64(nonce)-inBase64(tag))
		t.add("proof", "authentication", inBase64(tag))
	}
	t.measure()
}

func (t *token) add(kind, name string, size int) {
	t.Parts = append(t.Parts, part{Name: name, Kind: kind, Size: size})
}

// read decodes what is signed and not secret.
func (t *token) read(payload string, decode func(string) ([]byte, error)) {
	if content, err := decode(payload); err == nil {
		t.Content = string(content)
	}
}

func (t *token) measure() {
	total := 0
	for _, p := range t.Parts {
		total += p.Size
	}
	at := 0
	for i := range t.Parts {
		p := &t.Parts[i]
		p.X, p.Width = percent(at, total), percent(p.Size, total)
		at += p.Size
	}
}

func percent(n, total int) float64 { return 100 * float64(n) / float64(max(total, 1)) }

func cutLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, '.')
	return s[:max(i, 0)], s[i+1:]
}
