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
)

// JWTOptions say how JSON Web Tokens are signed and laid out.
type JWTOptions struct {
	Primary JWTKey   // signs
	Older   []JWTKey // only verify; their order has no meaning

	// Issuer and Audience stand in every token as iss and aud, and a token
	// with others is refused. "": the claim is not written, and a token for some
	// audience is refused.
	Issuer, Audience string

	// Type is the token's typ, by which a token for another purpose under the
	// same key is told apart. "" stands for "sess+jwt".
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
// are used as they stand and must be at least 32 bytes that nobody can guess;
// the primary one signs.
//
// The session stands under the private claim "d", apart from the registered
// ones: as JSON where the format writes JSON, else as base64. The native
// format, which is the default and holds all that a session can have, is of the
// second kind; for sessions that other services are to read set
// [sessions.Config].Format to [serializer.ClaimsFormat]. Every token has
// iat, exp (from [Terms.TTL], whole seconds) and a fresh jti, its header the
// key's kid and the typ "sess+jwt", and exactly that is demanded of what is
// opened. A token is signed, not encrypted: whoever holds it can read it.
func JWT(primary string, older ...string) Codec {
	return JWTWith(JWTOptions{Primary: hs256(primary), Older: hs256s(older)})
}

// PyJWT returns the codec that shares sessions with an application that hands
// the session itself to PyJWT as claims, such as starlette-session-middleware:
// nothing is added, so a session lives for as long as the client keeps it, or
// until its own key "exp" says. It signs with HMAC-SHA256; the secrets are used
// as they stand.
//
// The keys exp, nbf, iat, aud, sub, jti and iss mean to PyJWT what RFC 7519
// says, and it refuses a token where they are of the wrong type or, for aud,
// there at all. So does Open, and Seal does not write such a token.
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

// JWTWith is [JWT] and [PyJWT] with any algorithm, any number of keys of
// different algorithms, and all options.
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
			return errors.New("JWTOptions.Issuer, Audience and Type have no place in the layout of PyJWT: remove them")
		}
		c.typ = "JWT"
	} else if c.typ == "" {
		c.typ = sessionType
	}
	for i, k := range append([]JWTKey{options.Primary}, options.Older...) {
		key, err := newJWTKey(k, c.typ, !c.flat)
		if err != nil {
			return fmt.Errorf("%s %w", keyName(i), err)
		}
		if i == 0 && !key.canSign() {
			return errors.New("the primary key signs: give JWTKey.Private, not Public")
		}
		if key.id != "" && c.find(key.id) != nil {
			return fmt.Errorf("%s has the ID of another one: remove it, or give it an ID of its own", keyName(i))
		}
		if k.Secret != "" {
			c.weak = appendWeak(c.weak, c.constructor(), i, k.Secret)
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

// claimText appends a claim with a text to the beginning of the claims.
func claimText(prefix, name, value string) (string, error) {
	text, err := json.Marshal(value)
	return prefix + `"` + name + `":` + string(text) + ",", err
}

// Name is "jwt", or "pyjwt" for the layout of PyJWT.
func (c *jwtCodec) Name() string { return strings.ToLower(c.constructor()) }

// Describe states what is wrong with the keys, and the defaults of the Python
// library that uses PyJWT's layout.
func (c *jwtCodec) Describe() backends.Facts {
	return backends.Facts{Err: c.err, Warnings: c.weak, Defaults: c.defaults()}
}

func (c *jwtCodec) defaults() backends.Defaults {
	if c.flat {
		return asPyJWT
	}
	return backends.Defaults{}
}

// Format keeps the keys out of whatever prints the codec.
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
	if c.err != nil {
		return "", c.err
	}
	key := c.ring[0]
	const claims, signature = 160, 90 // about; RSA has more
	size := 2*(len(c.prefix)+claims+len(data)) + len(key.header) + signature
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
		*buffer = c.appendClaims(*buffer, data, terms)
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
func (c *jwtCodec) appendClaims(b, data []byte, terms Terms) []byte {
	b = append(append(b, '{'), c.prefix...)
	b = append(b, `"iat":`...)
	b = strconv.AppendInt(b, terms.Now.Add(-terms.Skew).Unix(), 10)
	b = append(b, `,"exp":`...)
	b = strconv.AppendInt(b, terms.Now.Add(terms.TTL+time.Second-1).Unix(), 10)

	var id [16]byte
	rand.Read(id[:])
	b = append(b, `,"jti":"`...)
	b = strict.AppendEncode(b, id[:])
	b = append(b, `","d":`...)

	// Only what is one JSON object from its first to its last byte goes in as it
	// is, or data could close the claim and add others.
	if len(data) > 0 && data[0] == '{' && data[len(data)-1] == '}' && json.Valid(data) {
		return append(append(b, data...), '}')
	}
	b = append(b, '"')
	return append(strict.AppendEncode(b, data), `"}`...)
}

func (c *jwtCodec) Open(token string, terms Terms) ([]byte, time.Duration, error) {
	if c.err != nil {
		return nil, 0, c.err
	}
	if len(token) > maxToken {
		return nil, 0, TooLarge
	}
	// Two dots, counted by looking for them: a token of nothing but dots costs
	// no memory (CVE-2025-30204).
	first, last := strings.IndexByte(token, '.'), strings.LastIndexByte(token, '.')
	if first == last || strings.IndexByte(token[first+1:last], '.') >= 0 {
		return nil, 0, Malformed
	}
	typ, err := c.authenticate(token[:first], token[:last], token[last+1:])
	if err != nil {
		return nil, 0, err
	}
	size := strict.DecodedLen(last - first - 1)
	payload, ok := decodeCanonical(make([]byte, 0, size), token[first+1:last])
	switch {
	case !ok:
		return nil, 0, Malformed
	case c.flat && typ == sessionType:
		// PyJWT ignores typ, but this names another layout, in which exp is
		// demanded.
		return nil, 0, BadClaim
	case c.flat:
		left, err := openPyJWT(payload, terms)
		if err != nil {
			return nil, 0, err
		}
		return payload, left, nil
	case typ != c.typ:
		return nil, 0, BadClaim
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
		// Exactly this key, with its own algorithm.
		if named.algorithm != header.algorithm {
			return "", BadAlgorithm
		}
		if named.verifies(signed, signature) {
			return header.typ, nil
		}
	case c.flat:
		// PyJWT has no kid of its own and ignores it.
		for _, key := range c.ring {
			if key.algorithm == header.algorithm && key.verifies(signed, signature) {
				return header.typ, nil
			}
		}
	}
	return "", BadSignature
}

// readHeader returns what is in a header. Our own ones are known by their text.
func (c *jwtCodec) readHeader(encoded string) (jwtHeader, error) {
	for _, key := range c.ring {
		if encoded == key.header {
			return jwtHeader{key.algorithm, key.id, c.typ}, nil
		}
	}
	return parseHeader(encoded)
}
