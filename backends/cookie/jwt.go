package cookie

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/internal/keyring"
)

// JWTOptions configure how JSON Web Tokens are signed and laid out.
type JWTOptions struct {
	Primary JWTKey   // signs
	Older   []JWTKey // only verify, in any order

	// Issuer and Audience are written into every token as iss and aud, and a
	// token with other values is refused. If one is "", its claim is not
	// written, and if Audience is "", a token for any audience is refused.
	Issuer, Audience string

	// Type is the token's typ, which distinguishes it from tokens for other
	// purposes under the same key. "" means "sess+jwt".
	Type string

	// PyJWT selects the layout of an application that passes its session to
	// PyJWT, as [PyJWT] describes it. It excludes Issuer, Audience and Type.
	PyJWT bool
}

const sessionType = "sess+jwt"

// jwtCodec signs sessions as JSON Web Tokens, in the compact form of RFC 7515.
type jwtCodec struct {
	ring   []*jwtKey // the first one signs
	flat   bool      // the layout of PyJWT
	typ    string
	issuer string
	aud    string
	prefix string // of the claims: iss and aud
	weak   []string
	err    error
}

// JWT returns a codec for JSON Web Tokens signed with HMAC-SHA256. The secrets
// are used as is, without decoding, and must be at least 32 unguessable bytes.
// The primary one signs.
//
// The session is the private claim "d", apart from the registered claims: as
// JSON if the format writes JSON, and otherwise as base64. The default format,
// Native, holds everything that a session can have and is written as base64; if
// other services are to read the sessions, set Config.Format to
// [serializer.ClaimsFormat]. Every token has iat, exp (from [Terms.TTL], in
// whole seconds) and a fresh jti, and its header has the key's kid and the typ
// "sess+jwt". Open refuses a token without these. With [Revocable] a token also
// has a sid, which names the session. A token is signed, not
// encrypted: anyone who holds it can read it.
func JWT(primary string, older ...string) Codec {
	return JWTWith(JWTOptions{Primary: hs256(primary), Older: hs256s(older)})
}

// PyJWT returns the codec that shares sessions with applications that pass the
// session itself to PyJWT as claims, such as starlette-session-middleware. It
// adds no claims, so a session lives for as long as the client keeps it, or
// until the time in its own key "exp". It signs with HMAC-SHA256; the secrets
// are used as is, without decoding.
//
// PyJWT gives the keys exp, nbf, iat, aud, sub, jti and iss the meaning of RFC
// 7519. It refuses a token in which one of them has the wrong type, and any
// token with aud. So does Open, and Seal does not write such a token.
func PyJWT(primary string, older ...string) Codec {
	return JWTWith(JWTOptions{Primary: hs256(primary), Older: hs256s(older), PyJWT: true})
}

func hs256(secret string) JWTKey { return JWTKey{Algorithm: "HS256", Secret: secret} }

func hs256s(secrets []string) []JWTKey {
	keys := make([]JWTKey, len(secrets))
	for i, secret := range secrets {
		keys[i] = hs256(secret)
	}
	return keys
}

// JWTWith is like [JWT] and [PyJWT], with any algorithm, keys of different
// algorithms, and all options.
func JWTWith(options JWTOptions) Codec {
	c := &jwtCodec{flat: options.PyJWT, typ: options.Type, issuer: options.Issuer, aud: options.Audience}
	c.err = c.configure(options)
	if c.err != nil {
		c.err = fmt.Errorf("cookie: %s: %w", c.constructor(), c.err)
	}
	return c
}

func (c *jwtCodec) constructor() string {
	if c.flat {
		return "PyJWT"
	}
	return "JWT"
}

func (c *jwtCodec) configure(options JWTOptions) error {
	if c.flat {
		if c.issuer != "" || c.aud != "" || c.typ != "" {
			return errors.New("JWTOptions.Issuer, Audience and Type do not exist in the layout of PyJWT: remove them")
		}
		c.typ = "JWT"
	} else if c.typ == "" {
		c.typ = sessionType
	}
	for i, k := range append([]JWTKey{options.Primary}, options.Older...) {
		key, err := newJWTKey(k, c.typ, !c.flat)
		if err != nil {
			return fmt.Errorf("%s %w", keyring.Name(i), err)
		}
		if i == 0 && !key.canSign() {
			return errors.New("the primary key signs: give JWTKey.Private, not Public")
		}
		if key.id != "" && c.find(key.id) != nil {
			return fmt.Errorf("%s has the ID of another one: remove it, or give it an ID of its own", keyring.Name(i))
		}
		if k.Secret != "" {
			c.weak = keyring.AppendWeak(c.weak, "cookie: "+c.constructor(), i, k.Secret)
		}
		c.ring = append(c.ring, key)
	}
	var err error
	if c.issuer != "" {
		c.prefix, err = claimText(c.prefix, "iss", c.issuer)
	}
	if c.aud != "" && err == nil {
		c.prefix, err = claimText(c.prefix, "aud", c.aud)
	}
	return err
}

// claimText appends a claim with a string value to prefix, the beginning of the
// claims.
func claimText(prefix, name, value string) (string, error) {
	text, err := json.Marshal(value)
	return prefix + `"` + name + `":` + string(text) + ",", err
}

// Name is "jwt", or "pyjwt" for the layout of PyJWT.
func (c *jwtCodec) Name() string { return strings.ToLower(c.constructor()) }

// Describe reports unusable keys, and for PyJWT's layout the defaults of the
// Python library that uses it.
func (c *jwtCodec) Describe() backends.Facts {
	return backends.Facts{Err: c.err, Warnings: c.weak, Defaults: c.defaults()}
}

func (c *jwtCodec) defaults() backends.Defaults {
	if c.flat {
		return asPyJWT
	}
	return backends.Defaults{}
}

// Format implements [fmt.Formatter], so that printing the codec never prints
// its keys.
func (c *jwtCodec) Format(w fmt.State, _ rune) { io.WriteString(w, "cookie."+c.constructor()) }

func (c *jwtCodec) find(id string) *jwtKey {
	for _, key := range c.ring {
		if key.id == id {
			return key
		}
	}
	return nil
}

func (c *jwtCodec) Seal(data []byte, terms Terms) (string, error) {
	return c.SealTagged(nil, data, terms)
}

// SealTagged implements [TaggedCodec] with the claim sid. PyJWT's layout has none.
func (c *jwtCodec) SealTagged(tag, data []byte, terms Terms) (string, error) {
	switch {
	case c.err != nil:
		return "", c.err
	case len(tag) > maxTag:
		return "", errTag
	case c.flat && len(tag) > 0:
		return "", errors.New("cookie: PyJWT: the layout has no room for a tag")
	}
	key := c.ring[0]
	const claims, signature = 160, 90 // about; RSA has more
	size := 2*(len(c.prefix)+claims+len(tag)+len(data)) + len(key.header) + signature
	buffer := getScratch(size + strict.EncodedLen(size))
	defer putScratch(buffer)

	payload := data
	if c.flat {
		if err := checkPyJWT(data); err != nil {
			return "", err
		}
	} else {
		if terms.TTL <= 0 {
			return "", errors.New("cookie: JWT: a token must have time to live: set Terms.TTL")
		}
		*buffer = c.appendClaims(*buffer, tag, data, terms)
		payload = *buffer
	}
	token := append((*buffer)[len(*buffer):], key.header...)
	token = strict.AppendEncode(append(token, '.'), payload)
	end := len(token)
	token, err := key.appendSignature(append(token, '.'), token[:end])
	if err != nil {
		return "", fmt.Errorf("cookie: %s: signing: %w", c.constructor(), err)
	}
	return string(token), nil
}

// appendClaims appends the claims around data: RFC 7519, section 4.
func (c *jwtCodec) appendClaims(b, tag, data []byte, terms Terms) []byte {
	b = append(append(b, '{'), c.prefix...)
	b = append(b, `"iat":`...)
	b = strconv.AppendInt(b, terms.Now.Add(-terms.Skew).Unix(), 10)
	b = append(b, `,"exp":`...)
	b = strconv.AppendInt(b, terms.Now.Add(terms.TTL+time.Second-1).Unix(), 10)

	var id [16]byte
	rand.Read(id[:])
	b = append(b, `,"jti":"`...)
	b = strict.AppendEncode(b, id[:])
	if len(tag) > 0 {
		b = strict.AppendEncode(append(b, `","sid":"`...), tag)
	}
	b = append(b, `","d":`...)

	// Data goes in unquoted only if it is one JSON object from its first to its
	// last byte. Otherwise it could close the claim and add others.
	if len(data) > 0 && data[0] == '{' && data[len(data)-1] == '}' && json.Valid(data) {
		return append(append(b, data...), '}')
	}
	b = append(b, '"')
	return append(strict.AppendEncode(b, data), `"}`...)
}

func (c *jwtCodec) Open(token string, terms Terms) ([]byte, time.Duration, error) {
	_, data, left, err := c.OpenTagged(token, terms)
	return data, left, err
}

// OpenTagged implements [TaggedCodec].
func (c *jwtCodec) OpenTagged(token string, terms Terms) (tag, data []byte, left time.Duration, err error) {
	if c.err != nil {
		return nil, nil, 0, c.err
	}
	if len(token) > maxToken {
		return nil, nil, 0, TooLarge
	}
	// Look for the two dots instead of splitting: a token of nothing but dots
	// must not cost memory (CVE-2025-30204).
	first, last := strings.IndexByte(token, '.'), strings.LastIndexByte(token, '.')
	if first == last || strings.IndexByte(token[first+1:last], '.') >= 0 {
		return nil, nil, 0, Malformed
	}
	typ, err := c.authenticate(token[:first], token[:last], token[last+1:])
	if err != nil {
		return nil, nil, 0, err
	}
	size := strict.DecodedLen(last - first - 1)
	payload, ok := decodeCanonical(make([]byte, 0, size), token[first+1:last])
	switch {
	case !ok:
		return nil, nil, 0, Malformed
	case c.flat && typ == sessionType:
		// PyJWT ignores typ, but this typ names the other layout, which
		// requires exp.
		return nil, nil, 0, BadClaim
	case c.flat:
		left, err := openPyJWT(payload, terms)
		if err != nil {
			return nil, nil, 0, err
		}
		return nil, payload, left, nil
	case typ != c.typ:
		return nil, nil, 0, BadClaim
	}
	return c.openClaims(payload, terms)
}

// authenticate reports whether a key of the ring made the signature, and returns
// the token's type.
func (c *jwtCodec) authenticate(encoded, signed, signature string) (typ string, err error) {
	header, err := c.readHeader(encoded)
	if err != nil {
		return "", err
	}
	allowed := false
	for _, key := range c.ring {
		allowed = allowed || key.algorithm == header.algorithm
	}
	if !allowed {
		return "", BadAlgorithm
	}
	named := c.find(header.id)
	switch {
	case header.id != "" && named != nil:
		// Try only this key, and only with its own algorithm: an attacker
		// chooses the header.
		if named.algorithm != header.algorithm {
			return "", BadAlgorithm
		}
		if named.verifies(signed, signature) {
			return header.typ, nil
		}
	case c.flat:
		// PyJWT writes no kid and ignores one, so try every key.
		for _, key := range c.ring {
			if key.algorithm == header.algorithm && key.verifies(signed, signature) {
				return header.typ, nil
			}
		}
	}
	return "", BadSignature
}

// readHeader parses a header. It recognizes the headers of its own keys by
// their text, without parsing.
func (c *jwtCodec) readHeader(encoded string) (jwtHeader, error) {
	for _, key := range c.ring {
		if encoded == key.header {
			return jwtHeader{key.algorithm, key.id, c.typ}, nil
		}
	}
	return parseHeader(encoded)
}
