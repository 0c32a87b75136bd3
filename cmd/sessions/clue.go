package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// sha1Length is the length of a signature of itsdangerous.
	sha1Length = 27

	// minSealed is the length of the shortest encrypted token, decoded.
	minSealed = 57
)

// clue returns what the form of a token says about it, if the key does not fit; "" if
// the form is not known. It contains nothing of the token but its time.
func (r *request) clue(token string) string {
	if strings.HasSuffix(token, "...") || strings.HasSuffix(token, "…") {
		return "it was shortened when it was displayed: copy the whole value"
	}
	parts := strings.Split(token, ".")
	switch {
	case len(parts) == 3 && isJSONWebTokenHeader(parts[0]):
		return r.clueOfJSONWebToken(parts)
	case len(parts) == 4 && parts[0] == "":
		return r.clueOfSigned(parts[1:], true)
	case len(parts) == 3 && parts[0] != "":
		return r.clueOfSigned(parts, false)
	case len(parts) == 2 && parts[0] != "" && len(parts[1]) == sha1Length:
		return "it has a signature but no time: it may be an ID that Flask-Session signed (-format flask-session-id), with another key or salt"
	case len(parts) <= 2 && isPayload(parts[0]):
		return "it ends before the signature: copy the whole value"
	case len(parts) == 1:
		return r.clueOfOnePart(token)
	}
	return ""
}

// isJSONWebTokenHeader reports whether part is the header of a JSON Web Token.
func isJSONWebTokenHeader(part string) bool {
	_, ok := algorithmOf(part)
	return ok
}

// algorithmOf returns the algorithm that the header of a JSON Web Token names.
func algorithmOf(part string) (string, bool) {
	data, _ := isBase64URL(part)
	var header struct{ Alg *string }
	if json.Unmarshal(data, &header) != nil || header.Alg == nil {
		return "", false
	}
	return *header.Alg, true
}

func (r *request) clueOfJSONWebToken(parts []string) string {
	algorithm, _ := algorithmOf(parts[0])
	lengths := map[string]int{"HS256": 43, "HS384": 64, "HS512": 86}
	switch want := lengths[algorithm]; {
	case want == 0:
		return "it is a JSON Web Token that is not signed with HS256, HS384 or HS512: this command does not read it"
	case len(parts[2]) < want:
		return "it is a JSON Web Token whose end is missing: copy the whole value"
	case r.kind.name != "jwt" && r.kind.name != "sess+jwt":
		return "it is a JSON Web Token (-format jwt, or sess+jwt), signed with another key"
	}
	return "it is a whole JSON Web Token: its key is another one"
}

// clueOfSigned is about payload, time and signature of itsdangerous.
func (r *request) clueOfSigned(parts []string, compressed bool) string {
	data, ok := isBase64URL(parts[1])
	if !ok || len(data) > 5 {
		return ""
	}
	var seconds int64
	for _, b := range data {
		seconds = seconds<<8 | int64(b)
	}
	at := time.Unix(seconds, 0).UTC()
	switch n := len(parts[2]); {
	case at.Year() < 2000 || at.Year() > 2100:
		return "the time in it is not a time: a part of it is missing or was changed"
	case n < sha1Length:
		return fmt.Sprintf("its end is missing: the signature has %d of %d characters", n, sha1Length)
	case n > sha1Length:
		return "something follows its signature: copy the value only"
	case !compressed && !isPayload(parts[0]):
		return "its beginning is missing or was changed: copy the whole value"
	}
	framework := "Flask or Starlette"
	switch {
	case compressed:
		framework = "Flask"
	case strings.HasSuffix(parts[0], "="):
		framework = "Starlette"
	}
	return fmt.Sprintf("it has the form of a cookie of %s, made on %s: the key or the salt is another one", framework, at.Format(time.DateOnly))
}

// isPayload reports whether part is an object of JSON in one of the alphabets of
// base64.
func isPayload(part string) bool {
	data, ok := isBase64URL(strings.NewReplacer("+", "-", "/", "_").Replace(part))
	return ok && bytes.HasPrefix(data, []byte("{"))
}

func (r *request) clueOfOnePart(token string) string {
	data, ok := isBase64URL(token)
	switch {
	case isID(token):
		return "it has the form of an ID: the session itself is in a store (see sessions list -h)"
	case ok && len(data) >= minSealed && (data[0] == 1 || data[0] == 2):
		return "it has the form of an encrypted token: it was sealed with another key, for a cookie with another name (-cookie-name), or its end is missing"
	}
	return ""
}

// isID reports whether a token is an ID as frameworks make them: 16 or 32 random bytes
// in hexadecimal digits, as a UUID or in base64.
func isID(token string) bool {
	digits := strings.ReplaceAll(token, "-", "")
	hexadecimal := strings.Trim(strings.ToLower(digits), "0123456789abcdef") == ""
	if hexadecimal && (len(digits) == 32 || len(digits) == 64) {
		return true
	}
	data, ok := isBase64URL(token)
	return ok && slices.Contains([]int{16, 32}, len(data))
}
