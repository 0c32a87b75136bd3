package main

import (
	"errors"
	"math"
	"time"
	"unicode/utf8"

	"github.com/gosessions/sessions/internal/value"
)

// A request says which token to decode, or which payload to encode, and how.
// Flags make one, and so does a line of JSON.
type request struct {
	kind      *kind
	secret    string
	fallbacks []string
	salt      string // "": the format's own
	now       time.Time
	maxAge    age

	algorithm  string // "": HS256
	serializer string // "": the format's default
	cookieName string
	named      bool   // cookieName was given, if only as ""
	id         string // under which an encrypted record is stored

	token    string // to be decoded
	hasToken bool

	payload  *value.Value // to be encoded
	metadata *value.Value // nil: the format's default; null: none
	headers  *value.Value // of a JSON Web Token, beside alg and typ
}

// age is how old a token may be.
type age struct {
	given, unlimited bool
	seconds          int64
}

// or returns the age as the codecs want it: a negative age means no limit.
func (a age) or(standard time.Duration) time.Duration {
	switch {
	case !a.given:
		return standard
	case a.unlimited:
		return noLimit
	}
	return time.Duration(min(a.seconds, math.MaxInt64/int64(time.Second))) * time.Second
}

// noLimit is the age that every token may have.
const noLimit time.Duration = -1

// lastSecond is the end of the year 9999, after which there are no times.
const lastSecond = 253402300799

var (
	errFormat = errors.New("sessions: unknown format")
	errSecret = errors.New("sessions: the secret is missing: give -secret-file, -secret, -secret-base64 or the environment variable " + secretVariable)
	errText   = errors.New("sessions: a secret, salt or name is not valid UTF-8")
	errNow    = errors.New("sessions: the time now must be between 1970 and 9999, in seconds since 1970")
	errAge    = errors.New("sessions: the maximum age must be a number of seconds, 0 or more")
)

// check returns an error if the request cannot be answered, whatever its token.
func (r *request) check() error {
	switch {
	case r.kind == nil:
		return errFormat
	case r.kind.keyed && r.secret == "":
		return errSecret
	case !utf8.ValidString(r.salt), !utf8.ValidString(r.cookieName):
		return errText
	case r.now.Unix() < 0 || r.now.Unix() > lastSecond:
		return errNow
	case r.maxAge.given && !r.maxAge.unlimited && r.maxAge.seconds < 0:
		return errAge
	}
	return nil
}
