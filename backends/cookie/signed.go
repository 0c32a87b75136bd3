package cookie

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/internal/keyring"
	"github.com/gosessions/sessions/itsdangerous"
)

// Signing overrides how a framework signs, for applications that changed its
// settings. The zero value keeps the framework's defaults.
type Signing struct {
	Salt   string              // "" means the framework's own
	Digest itsdangerous.Digest // SHA1 is the frameworks' default

	// InsecureNoMaxAge accepts tokens of any age, even from the future, as
	// Starlette does with max_age=None: a copied token is valid forever.
	InsecureNoMaxAge bool
}

// signed seals as a framework built on itsdangerous does. Its tokens are
// authentic, not secret.
type signed struct {
	constructor string // "Flask"
	name        string // "flask"
	signer      *itsdangerous.TimestampSigner

	encodedLen func(n int) int
	encode     func(dst, data []byte) []byte
	decode     func(payload string) ([]byte, error)
	ageless    bool // as Signing.InsecureNoMaxAge

	defaults backends.Defaults
	weak     []string
	err      error
}

// Flask returns the codec of Flask's sessions. Go opens what Flask seals and
// the other way round, from Flask 2.0 on; Flask 1.x can read the sessions too.
// The primary secret is Flask's SECRET_KEY. The older ones are its
// SECRET_KEY_FALLBACKS, which only verify and may be in any order. Secrets are
// used as is; if Flask's secret is bytes, convert those bytes to a string.
//
// Anyone who holds a token can read it. It lives for [Terms.MaxAge] after it
// was signed. The signature does not cover the cookie's name: the value of a
// cookie is valid in any other cookie that is signed with the same secret and
// salt.
func Flask(primary string, older ...string) Codec {
	return FlaskWith(Signing{}, primary, older...)
}

// FlaskWith is [Flask] for an application that changed the salt or the digest
// of its SecureCookieSessionInterface.
func FlaskWith(signing Signing, primary string, older ...string) Codec {
	c := &signed{constructor: "Flask", name: "flask", ageless: signing.InsecureNoMaxAge, defaults: asFlask}
	return c.flaskLike(signing, primary, older)
}

// StarletteFlask returns the codec of the starlette-flask package. It signs as
// Flask does but never checks the age: its sessions end only with the cookie.
func StarletteFlask(primary string, older ...string) Codec {
	return StarletteFlaskWith(Signing{}, primary, older...)
}

// StarletteFlaskWith is [StarletteFlask] with another salt or digest.
func StarletteFlaskWith(signing Signing, primary string, older ...string) Codec {
	c := &signed{constructor: "StarletteFlask", name: "starlette-flask", ageless: true, defaults: asStarletteFlask}
	return c.flaskLike(signing, primary, older)
}

func (c *signed) flaskLike(signing Signing, primary string, older []string) *signed {
	if signing.Salt == "" {
		signing.Salt = "cookie-session"
	}
	c.encodedLen, c.encode, c.decode = strict.EncodedLen, appendFlask, itsdangerous.DecodePayload
	return c.configure(itsdangerous.Options{Salt: signing.Salt, Derivation: itsdangerous.HMAC, Digest: signing.Digest}, primary, older)
}

// Starlette returns the codec of Starlette's and FastAPI's SessionMiddleware,
// of starsessions 1 and of starlette-session-middleware's SignerCodecBackend,
// which all sign in the same way. None of them supports older keys, so after a
// rotation they refuse what was signed before.
//
// These frameworks call str() on their secret. If it is bytes in Python, they
// use the text "b'…'" as the secret: give that text.
//
// A token lives for [Terms.MaxAge] after it was signed. That is Starlette's
// max_age; for None set [Signing].InsecureNoMaxAge.
func Starlette(primary string, older ...string) Codec {
	return StarletteWith(Signing{}, primary, older...)
}

// StarletteWith is [Starlette] with another salt or digest.
func StarletteWith(signing Signing, primary string, older ...string) Codec {
	c := &signed{constructor: "Starlette", name: "starlette", ageless: signing.InsecureNoMaxAge, defaults: asStarlette}
	return c.starletteLike(signing, primary, older)
}

// Starsessions is like [Starlette], for the cookie store of starsessions 2,
// whose records also hold the time of creation and the lifetime of the session.
// The lifetime is the one that the application configures; 0 means a cookie
// that ends with the browser. Records of version 1, which it reads too, hold
// neither.
func Starsessions(lifetime time.Duration, primary string, older ...string) Codec {
	c := &signed{constructor: "Starsessions", name: "starsessions2", defaults: asStarsessions(lifetime)}
	if lifetime < 0 {
		c.err = errors.New("cookie: Starsessions: the lifetime is negative: give the application's own, or 0")
		return c
	}
	return c.starletteLike(Signing{}, primary, older)
}

func (c *signed) starletteLike(signing Signing, primary string, older []string) *signed {
	c.encodedLen, c.encode, c.decode = base64.StdEncoding.EncodedLen, base64.StdEncoding.AppendEncode, base64.StdEncoding.DecodeString
	return c.configure(itsdangerous.Options{Salt: signing.Salt, Digest: signing.Digest}, primary, older)
}

func (c *signed) configure(options itsdangerous.Options, primary string, older []string) *signed {
	var keys [][]byte
	for i, secret := range append([]string{primary}, older...) {
		if err := keyring.CheckForeignSecret(secret); err != nil {
			c.err = fmt.Errorf("cookie: %s: %s %w", c.constructor, keyring.Name(i), err)
			return c
		}
		c.weak = keyring.AppendWeak(c.weak, "cookie: "+c.constructor, i, secret)
		keys = append(keys, []byte(secret))
	}
	c.signer, c.err = itsdangerous.NewTimestampSigner(&options, keys[0], keys[1:]...)
	if c.err != nil {
		c.err = fmt.Errorf("cookie: %s: %w", c.constructor, c.err)
	}
	return c
}

func (c *signed) Name() string { return c.name }
func (c *signed) Describe() backends.Facts {
	return backends.Facts{Err: c.err, Warnings: c.weak, Defaults: c.defaults}
}

// Format implements [fmt.Formatter], so that printing the codec never prints
// its keys.
func (c *signed) Format(w fmt.State, _ rune) { io.WriteString(w, "cookie."+c.constructor) }

func (c *signed) Seal(data []byte, terms Terms) (string, error) {
	if c.err != nil {
		return "", c.err
	}
	const timestampAndSignature = 1 + 11 + 1 + 86
	buffer := getScratch(c.encodedLen(len(data)) + timestampAndSignature)
	defer putScratch(buffer)
	return string(c.signer.Append(c.encode(*buffer, data), terms.Now.Add(-terms.Skew))), nil
}

func (c *signed) Open(token string, terms Terms) ([]byte, time.Duration, error) {
	if c.err != nil {
		return nil, 0, c.err
	}
	if len(token) > maxToken {
		return nil, 0, TooLarge
	}
	maxAge := terms.MaxAge
	if c.ageless {
		maxAge = -1
	}
	payload, made, err := c.signer.Unsign(token, terms.Now, maxAge, terms.Skew)
	if err != nil {
		return nil, 0, refusal(err)
	}
	data, err := c.decode(payload)
	switch {
	case errors.Is(err, itsdangerous.ErrTooLarge):
		return nil, 0, TooLarge
	case err != nil || len(data) == 0:
		return nil, 0, BadPayload
	}
	if maxAge < 0 {
		return data, 0, nil
	}
	// An age of exactly maxAge is still valid, and itsdangerous counts whole
	// seconds.
	return data, made.Add(maxAge.Truncate(time.Second)).Add(time.Second).Sub(terms.Now), nil
}

// refusal returns the Refusal for an error of package itsdangerous.
func refusal(err error) Refusal {
	switch {
	case errors.Is(err, itsdangerous.ErrExpired):
		return Expired
	case errors.Is(err, itsdangerous.ErrFuture):
		return Future
	case errors.Is(err, itsdangerous.ErrMissingTimestamp):
		return MissingTimestamp
	case errors.Is(err, itsdangerous.ErrMalformed):
		return Malformed
	}
	return BadSignature
}

// compressFrom is the length from which a session is compressed. Flask
// compresses whenever that makes the session shorter, and reads both forms.
// Compressing costs twenty times as much as signing, so it is only worth it for
// a cookie that approaches the browser's limit or weighs on every request.
const compressFrom = 1 << 10

func appendFlask(dst, data []byte) []byte {
	if len(data) < compressFrom {
		return strict.AppendEncode(dst, data)
	}
	return itsdangerous.AppendPayload(dst, data)
}
