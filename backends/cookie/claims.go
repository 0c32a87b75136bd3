package cookie

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gosessions/sessions/serializer"
)

// claims are the raw JSON values of a token's registered claims, nil if absent.
// See RFC 7519, section 4.1.
type claims struct {
	exp, nbf, iat           []byte
	iss, aud, sub, jti, own []byte
	sid                     []byte
}

// parseClaims reads an object in which no name occurs twice.
func parseClaims(payload []byte) (c claims, ok bool) {
	for o := newObject(payload); ; {
		name, value, more, ok := o.next()
		if !ok || !more {
			return c, ok
		}
		switch string(name) {
		case "exp":
			c.exp = value
		case "nbf":
			c.nbf = value
		case "iat":
			c.iat = value
		case "iss":
			c.iss = value
		case "aud":
			c.aud = value
		case "sub":
			c.sub = value
		case "jti":
			c.jti = value
		case "sid":
			c.sid = value
		case "d":
			c.own = value
		}
	}
}

// openClaims checks the claims of a token in this package's own layout and
// returns the session and the tag in it.
func (c *jwtCodec) openClaims(payload []byte, terms Terms) (tag, data []byte, left time.Duration, _ error) {
	claims, ok := parseClaims(payload)
	if !ok {
		return nil, nil, 0, Malformed
	}
	exp, hasExp := seconds(claims.exp)
	iat, hasIat := seconds(claims.iat)
	nbf, hasNbf := seconds(claims.nbf)
	jti, hasJti := unquote(claims.jti)
	if !hasExp || !hasIat || !hasNbf && claims.nbf != nil || !hasJti || len(jti) == 0 || claims.own == nil {
		return nil, nil, 0, BadClaim
	}
	// A token with an audience is for that audience only, so a reader without a
	// name must refuse it (RFC 7519, section 4.1.3).
	if c.issuer != "" && !isText(claims.iss, c.issuer) || (c.aud != "" || claims.aud != nil) && !isText(claims.aud, c.aud) {
		return nil, nil, 0, BadClaim
	}
	now := terms.Now.Unix()
	newest := terms.Now.Add(terms.Skew).Unix()
	switch {
	case exp <= now:
		return nil, nil, 0, Expired
	case iat > newest || hasNbf && nbf > newest:
		return nil, nil, 0, NotYetValid
	}
	left = time.Unix(exp, 0).Sub(terms.Now)
	if claims.sid != nil {
		text, _ := unquote(claims.sid)
		if tag, ok = decodeCanonical(make([]byte, 0, len(text)), string(text)); !ok {
			tag = []byte{} // a tag, and none of ours
		}
	}
	switch claims.own[0] {
	case '{':
		return tag, slices.Clip(claims.own), left, nil
	case '"':
	default:
		return nil, nil, 0, NotADict
	}
	text, ok := unquote(claims.own)
	if !ok {
		return nil, nil, 0, BadPayload
	}
	data, ok = decodeCanonical(nil, string(text))
	if !ok {
		return nil, nil, 0, BadPayload
	}
	return tag, data, left, nil
}

// isText reports whether value is a JSON string that stands for want.
func isText(value []byte, want string) bool {
	text, ok := unquote(value)
	return ok && string(text) == want
}

// seconds reads a time as this package writes it: digits only, up to the twelve
// that the year 9999 needs.
func seconds(value []byte) (int64, bool) {
	if len(value) == 0 || len(value) > 12 {
		return 0, false
	}
	n := int64(0)
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}

// lastSecond is the end of the year 9999.
const lastSecond = 253402300799

// openPyJWT applies the checks that PyJWT applies to claims if it is given only
// an algorithm and a key. It returns how long the token stays valid: 0 if it
// never expires.
func openPyJWT(payload []byte, terms Terms) (left time.Duration, err error) {
	claims, ok := parseClaims(payload)
	if !ok {
		return 0, Malformed
	}
	now := terms.Now.Unix()
	newest := terms.Now.Add(terms.Skew).Unix()
	for _, claim := range [][]byte{claims.iat, claims.nbf} {
		if claim == nil {
			continue
		}
		switch at, ok := pythonInt(claim); {
		case !ok:
			return 0, Malformed
		case at > newest:
			return 0, NotYetValid
		}
	}
	if claims.exp != nil {
		exp, ok := pythonInt(claims.exp)
		switch {
		case !ok:
			return 0, Malformed
		case exp <= now:
			return 0, Expired
		}
		left = time.Unix(min(exp, lastSecond), 0).Sub(terms.Now)
	}
	if !claims.fitPyJWT() {
		return 0, BadClaim
	}
	return left, nil
}

// fitPyJWT reports whether the claims other than times meet the demands of
// PyJWT 2.10 and later. PyJWT refuses every token with an audience, because the
// reader does not name one.
func (c *claims) fitPyJWT() bool {
	switch string(c.aud) {
	case "", `""`, "null", "false", "0", "[]", "{}":
	default:
		return false
	}
	for _, claim := range [][]byte{c.sub, c.jti} {
		if claim == nil {
			continue
		}
		if _, ok := unquote(claim); !ok {
			return false
		}
	}
	return true
}

// checkPyJWT returns why PyJWT would refuse a token with this session.
func checkPyJWT(payload []byte) error {
	claims, ok := parseClaims(payload)
	if !ok {
		return errors.New("cookie: PyJWT: the session is not laid out as a JSON object: use a JSON format")
	}
	for _, claim := range [][]byte{claims.exp, claims.nbf, claims.iat} {
		if claim == nil {
			continue
		}
		if _, ok := pythonInt(claim); !ok {
			return errReserved
		}
	}
	if claims.iss != nil {
		if _, ok := unquote(claims.iss); !ok {
			return errReserved
		}
	}
	if !claims.fitPyJWT() {
		return errReserved
	}
	return nil
}

// errReserved is caused by the session's values, not by a failure of the codec.
var errReserved = fmt.Errorf("cookie: PyJWT: the session has a key that PyJWT reserves, with a value it refuses "+
	"(exp, nbf and iat are seconds, iss, sub and jti are texts, and aud cannot be used): %w", serializer.ErrType)

// pythonInt is Python's int() of a JSON value. A number too large for an int64
// is the largest or the smallest one.
func pythonInt(value []byte) (int64, bool) {
	text := string(value)
	switch text[0] {
	case 't':
		return 1, text == "true"
	case 'f':
		return 0, text == "false"
	case '"':
		inner, ok := unquote(value)
		if !ok {
			return 0, false
		}
		text = strings.TrimSpace(string(inner))
	default:
		if f, err := strconv.ParseFloat(text, 64); strings.ContainsAny(text, ".eE") && err == nil {
			return clamp(f), true
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil || errors.Is(err, strconv.ErrRange)
}

// clamp is the integer part of f, which is finite.
func clamp(f float64) int64 {
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}
