package cookie

import (
	"encoding/json"
	"unicode/utf8"
)

// jwtHeader is what of a token's header counts. Keys that a header brings along
// or points to (jwk, jku, x5c, x5u) do not, nor does anything else.
type jwtHeader struct {
	algorithm, id, typ string
}

// parseHeader reads a header: one JSON object of URL-safe base64, no name
// twice, and nothing that would change how the token is to be read. What another
// reader would take for no JSON is none.
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
			// What is no text is the name of no algorithm.
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
			// Nothing critical is understood (RFC 7515, section 4.1.11), and
			// neither are unencoded, compressed and encrypted tokens.
			return header, Malformed
		}
	}
}
