package cookie

import (
	"encoding/json"
	"unicode/utf8"
)

// jwtHeader holds the parts of a token's header that matter. Everything else is
// ignored, above all the keys that a header contains or points to (jwk, jku,
// x5c, x5u).
type jwtHeader struct {
	algorithm, id, typ string
}

// parseHeader reads a header: the URL-safe base64 of one JSON object in which
// no name occurs twice and nothing changes how the token is read. It refuses
// JSON that another reader might refuse.
func parseHeader(encoded string) (header jwtHeader, err error) {
	text, ok := decodeCanonical(nil, encoded)
	if !ok || !utf8.Valid(text) || !json.Valid(text) {
		return header, Malformed
	}
	for o := newObject(text); ; {
		name, value, more, ok := o.next()
		switch {
		case !ok:
			return header, Malformed
		case !more:
			return header, nil
		}
		switch string(name) {
		case "alg":
			// A value that is not a string cannot name an algorithm.
			algorithm, _ := unquote(value)
			header.algorithm = string(algorithm)
		case "kid":
			id, ok := unquote(value)
			if !ok {
				return header, Malformed
			}
			header.id = string(id)
		case "typ":
			typ, _ := unquote(value)
			header.typ = string(typ)
		case "crit", "b64", "zip", "enc":
			// This package supports no critical extension (RFC 7515, section
			// 4.1.11), and no unencoded, compressed or encrypted tokens.
			return header, Malformed
		}
	}
}
