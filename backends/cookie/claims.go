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

// claims are the values of a token's registered claims, as they stand in the
// JSON; nil where absent. RFC 7519, section 4.1.
type claims struct {
	exp, nbf, iat           []byte
	iss, aud, sub, jti, own []byte
}

// parseClaims reads an object in which no name comes up twice.
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
		case "d":
			c.own = value
		}
	}
}

// openClaims checks the claims of a token of our own layout and returns the
// session in it.
func (c *jwtCodec) openClaims(payload []byte, terms Terms) ([]byte, time.Duration, error) {
	claims, ok := parseClaims(payload)
	if !ok {
		return nil, 0, Malformed
	}
	exp, hasExp := seconds(claims.exp)
	iat, hasIat := seconds(claims.iat)
	nbf, hasNbf := seconds(claims.nbf)
	jti, hasJti := unquote(claims.jti)
	if !hasExp || !hasIat || !hasNbf && claims.nbf != nil || !hasJti || len(jti) == 0 || claims.own == nil {
		return nil, 0, BadClaim
	}
	// What names an audience is for nobody else, so not for a reader without a
	// name (RFC 7519, section 4.1.3).
	if c.issuer != "" && !isText(claims.iss, c.issuer) || (c.aud != "" || claims.aud != nil) && !isText(claims.aud, c.aud) {
		return nil, 0, BadClaim
	}
	now := terms.Now.Unix()
	newest := terms.Now.Add(terms.Skew).Unix()
	switch {
	case exp <= now:
		return nil, 0, Expired
	case iat > newest || hasNbf && nbf > newest:
		return nil, 0, NotYetValid
	}
	left := time.Unix(exp, 0).Sub(terms.Now)
	switch claims.own[0] {
	case '{':
		return slices.Clip(claims.own), left, nil
	case '"':
	default:
		return nil, 0, NotADict
	}
	text, ok := unquote(claims.own)
	if !ok {
		return nil, 0, BadPayload
	}
	data, ok := decodeCanonical(nil, string(text))
	if !ok {
		return nil, 0, BadPayload
	}
	return data, left, nil
}

// isText reports whether value is the text want.
func isText(value []byte, want string) bool {
	text, ok := unquote(value)
	return ok && string(text) == want
}

// seconds reads a time as this package writes it: digits only. The year 9999
// has twelve of them.
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

// openPyJWT applies to a session's claims what PyJWT applies when it is called
// with an algorithm and a key alone, and returns how long the token is valid: 0
// if that has no end.
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

// fitPyJWT reports whether the claims that are no times have what PyJWT 2.10 and
// later demand. A session for an audience is refused always, because the reader
// names none.
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

// checkPyJWT returns why a session would come back as none.
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

// errReserved is a matter of the session's values, and no failure of the codec.
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
