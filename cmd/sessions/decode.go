package main

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/value"
	"github.com/gosessions/sessions/itsdangerous"
	"github.com/gosessions/sessions/serializer"
)

// badRequest is the reason for a line that is not a valid request.
const badRequest = "bad-request"

// decode opens the request's token. An error for which [reason] has a name
// refuses the token; any other is about the request.
func (r *request) decode() (result, error) {
	if err := r.check(); err != nil {
		return result{}, err
	}
	if r.kind.codec == nil {
		return r.unsign()
	}
	codec, err := r.ready()
	if err != nil {
		return result{}, err
	}
	record, err := r.open(codec)
	if err != nil {
		return result{}, err
	}
	found, err := r.kind.layout.read(r, record)
	switch {
	case err == nil:
		return found, nil
	case errors.Is(err, serializer.ErrPickle):
		err = cookie.Pickle
	case r.kind.name == "jwt":
		err = cookie.Malformed // as PyJWT has it: claims are a dict
	}
	return result{}, err
}

// ready returns what seals the request's tokens.
func (r *request) ready() (cookie.Codec, error) {
	if err := r.kind.layout.usable(r); err != nil {
		return nil, err
	}
	codec := r.kind.codec(r)
	if err := cookie.New(codec).Describe().Err; err != nil {
		return nil, err
	}
	return codec, nil
}

// open opens the token with codec, under each of the names that its cookie may
// have.
func (r *request) open(codec cookie.Codec) (record []byte, err error) {
	if r.token == "" {
		return nil, cookie.Malformed
	}
	for _, name := range r.cookieNames() {
		record, _, err = codec.Open(r.token, r.terms(name))
		if !errors.Is(err, cookie.BadSignature) || r.kind.name != "encrypted" {
			break
		}
	}
	return record, err
}

// unsign returns the ID in a token of Flask-Session's signer.
func (r *request) unsign() (result, error) {
	signer, err := r.signer()
	if err != nil {
		return result{}, err
	}
	if len(r.token) > maxRecord {
		return result{}, cookie.TooLarge
	}
	id, err := signer.Unsign(r.token)
	switch {
	case errors.Is(err, itsdangerous.ErrMalformed):
		return result{}, cookie.Malformed
	case err != nil:
		return result{}, cookie.BadSignature
	case !utf8.ValidString(id):
		return result{}, cookie.BadPayload
	}
	return result{payload: value.OfString(id)}, nil
}

// signer is Flask-Session's.
func (r *request) signer() (*itsdangerous.Signer, error) {
	salt := r.salt
	if salt == "" {
		salt = "flask-session"
	}
	older := make([][]byte, len(r.fallbacks))
	for i, secret := range r.fallbacks {
		older[i] = []byte(secret)
	}
	return itsdangerous.New(&itsdangerous.Options{Salt: salt, Derivation: itsdangerous.HMAC}, []byte(r.secret), older...)
}

// reason names in one word why a token is refused; "" if err is about
// something else.
func reason(err error) string { return cookie.Reason(err) }

// appendResult appends the line that is printed for a token.
func appendResult(dst []byte, found result, err error) []byte {
	if err != nil {
		word := reason(err)
		if word == "" {
			word = badRequest
		}
		return append(dst, `{"valid":false,"reason":"`+word+`"}`...)
	}
	dst = neutral.Append(append(dst, `{"valid":true,"payload":`...), &found.payload)
	switch {
	case found.metadata == nil:
	case found.metadata.Kind == value.Null:
		dst = append(dst, `,"metadata":null`...)
	default:
		dst = neutral.Append(append(dst, `,"metadata":`...), found.metadata)
	}
	return append(dst, '}')
}

// message returns the text of an error without its prefix and line ends.
func message(err error) string {
	text := strings.TrimPrefix(err.Error(), "sessions: ")
	return strings.Join(strings.Fields(text), " ")
}
