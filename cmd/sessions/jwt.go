package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"hash"
	"strings"

	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

var (
	errHeaders = errors.New("sessions: the headers must not contain alg, b64 or crit, and kid and typ must be text")

	digests = map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}
)

// withHeaders signs token, which was sealed without them, again with headers
// beside its own.
func (r *request) withHeaders(token string) (string, error) {
	algorithm := r.jwt().Primary.Algorithm
	digest := digests[algorithm]
	if digest == nil {
		return "", errors.New("sessions: -headers works only with HS256, HS384 and HS512")
	}
	header := value.Value{Kind: value.Dict, Items: []value.Value{value.OfString("alg"), value.OfString(algorithm)}}
	typ := value.OfString("JWT")
	for i := 0; i+1 < len(r.headers.Items); i += 2 {
		name, v := r.headers.Items[i], r.headers.Items[i+1]
		switch name.Text {
		case "alg", "b64", "crit":
			return "", errHeaders
		case "typ":
			typ = v
			continue
		case "kid":
			if v.Kind != value.String {
				return "", errHeaders
			}
		}
		header.Items = append(header.Items, name, v)
	}
	switch {
	case typ.Kind == value.Null: // no typ, as in PyJWT
	case typ.Kind != value.String:
		return "", errHeaders
	case typ.Text != "":
		header.Items = append(header.Items, value.OfString("typ"), typ)
	}
	text, err := pyjson.Dialect{ASCII: true, Sorted: true}.Append(nil, &header)
	if err != nil {
		return "", errHeaders
	}
	_, rest, _ := strings.Cut(token, ".")
	claims, _, _ := strings.Cut(rest, ".")
	signed := base64.RawURLEncoding.EncodeToString(text) + "." + claims
	mac := hmac.New(digest, []byte(r.secret))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}
