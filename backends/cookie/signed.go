package cookie

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/itsdangerous"
)

// Signing is for applications that changed how their framework signs. The zero
// value changes nothing.
type Signing struct {
	Salt   string              // "": the framework's own
	Digest itsdangerous.Digest // SHA1 unless it was changed

	// InsecureNoMaxAge accepts tokens of any age, also from the future, as
	// Starlette does with max_age=None: a copied token is good for ever.
	InsecureNoMaxAge bool
}

// signed seals as one of the frameworks does that build on itsdangerous. Its
// tokens are authentic, not secret.
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

// Flask returns the codec of Flask's sessions: what Go seals Flask opens, and
// the other way round, from Flask 2.0 on (1.x reads it too). The primary secret
// is Flask's SECRET_KEY, the older ones its SECRET_KEY_FALLBACKS: they only
// verify, and their order has no meaning. Secrets are used as they stand; one
// that Flask holds as bytes is string(those bytes).
//
// A token is readable by whoever holds it, and lives for [Terms.MaxAge] after
// it was signed. The signature does not cover the cookie's name: all cookies
// signed with one secret and salt take each other's place.
func Flask(primary string, older ...string) Codec {
	return FlaskWith(Signing{}, primary, older...)
}

// FlaskWith is [Flask] for an application that changed the salt or the digest
// of its SecureCookieSessionInterface.
func FlaskWith(signing Signing, primary string, older ...string) Codec {
	c := &signed{constructor: "Flask", name: "flask", ageless: signing.InsecureNoMaxAge, defaults: asFlask}
	return c.flaskLike(signing, primary, older)
}

// StarletteFlask returns the codec of the starlette-flask package, which signs
// as Flask does and never looks at the age: its sessions have no end but the
// cookie's own.
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
// which all sign alike. None of them has older keys, so after a rotation they
// do not know what was signed before.
//
// These frameworks call str() on their secret: one that Python holds as bytes
// is the text "b'…'" to them, and has to be given so.
//
// A token lives for [Terms.MaxAge] after it was signed, which is Starlette's
// max_age; its None is [Signing].InsecureNoMaxAge.
func Starlette(primary string, older ...string) Codec {
	return StarletteWith(Signing{}, primary, older...)
}

// StarletteWith is [Starlette] with another salt or digest.
func StarletteWith(signing Signing, primary string, older ...string) Codec {
	c := &signed{constructor: "Starlette", name: "starlette", ageless: signing.InsecureNoMaxAge, defaults: asStarlette}
	return c.starletteLike(signing, primary, older)
}

// Starsessions is [Starlette] for the cookie store of starsessions 2, whose
// records also say when the session was made and how long it lives: the
// lifetime with which the application configures it, where 0 stands for a cookie
// that ends with the browser. What it reads of version 1 says neither.
func Starsessions(lifetime time.Duration, primary string, older ...string) Codec {
	c := &signed{constructor: "Starsessions", name: "starsessions2", defaults: asStarsessions(lifetime)}
	if lifetime < 0 {
		c.err = errors.New("cookie: Starsessions: the lifetime is negative: give that of the application, or 0")
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
		if err := checkForeignSecret(secret); err != nil {
			c.err = fmt.Errorf("cookie: %s: %s %w", c.constructor, keyName(i), err)
			return c
		}
		c.weak = appendWeak(c.weak, c.constructor, i, secret)
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

// Format keeps the keys out of whatever prints the codec.
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
	// An age of exactly maxAge will still do, and seconds count as a whole.
	return data, made.Add(maxAge.Truncate(time.Second)).Add(time.Second).Sub(terms.Now), nil
}

// refusal says in our words why itsdangerous refuses a token.
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

// compressFrom is the length from which on a session is compressed. Flask
// compresses whatever gets shorter and reads either. Compressing costs twenty
// times what signing does, so a small cookie goes as it is; one that gets near
// what a browser keeps, or weighs on every request, is worth it.
const compressFrom = 1 << 10

func appendFlask(dst, data []byte) []byte {
	if len(data) < compressFrom {
		return strict.AppendEncode(dst, data)
	}
	return itsdangerous.AppendPayload(dst, data)
}
