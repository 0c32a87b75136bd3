package main

import (
	"encoding/base64"
	"errors"
	"math"
	"time"
	"unicode/utf8"

	"github.com/gosessions/sessions/internal/neutral"
	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

// errLine reports a line that is not a usable request.
var errLine = errors.New("sessions: the line is not a valid request")

const (
	// maxPayload bounds the neutral form of a payload: four times what a
	// server-side record may have by default.
	maxPayload = 4 << 20

	// maxField bounds every field but token and payload.
	maxField = 64 << 10
)

// parse fills in r from a line, which is one JSON object. What r holds before
// stands where the line says nothing, or null. Names it does not know are
// ignored; of one that comes twice the last counts, as in Python and Go.
//
// Nothing is decoded but the fields that r has, so that a long line costs no
// more than its length.
func (r *request) parse(line []byte) error {
	s := pyjson.NewScanner(line, neutral.Rules)
	if !s.Open() {
		return errLine
	}
	var member pyjson.Member
	for first := true; ; first = false {
		more, ok := s.Member(&member, first)
		switch {
		case !ok:
			return errLine
		case !more && !s.End():
			return errLine
		case !more:
			return nil
		}
		name := pyjson.Unquote(member.Key, member.Escaped)
		field := fields[name]
		switch {
		case field == nil:
			continue
		case len(member.Value) > maxField && name != "cookie" && name != "payload":
			return errLarge
		}
		if err := field(r, member.Value); err != nil {
			return err
		}
	}
}

// fields read the value of a request's field. Those of null leave the field as
// it is, but where null means something.
var fields = map[string]func(r *request, raw []byte) error{
	"format": func(r *request, raw []byte) error {
		name, err := text(raw, "")
		r.kind = kinds.find(name)
		return err
	},
	"secret": func(r *request, raw []byte) (err error) {
		r.secret, err = secret(raw, r.secret)
		return err
	},
	"fallbacks": func(r *request, raw []byte) (err error) {
		r.fallbacks, err = secrets(raw, r.fallbacks)
		return err
	},
	"salt": func(r *request, raw []byte) (err error) {
		r.salt, err = text(raw, r.salt)
		return err
	},
	"now": func(r *request, raw []byte) error {
		seconds, ok, err := whole(raw)
		if ok {
			r.now = time.Unix(seconds, 0)
		}
		return err
	},
	"max_age": func(r *request, raw []byte) error {
		seconds, ok, err := whole(raw)
		r.maxAge = age{given: true, unlimited: !ok, seconds: seconds}
		return err
	},
	"alg": func(r *request, raw []byte) (err error) {
		r.algorithm, err = text(raw, r.algorithm)
		return err
	},
	"serializer": func(r *request, raw []byte) (err error) {
		r.serializer, err = text(raw, r.serializer)
		return err
	},
	"cookie_name": func(r *request, raw []byte) (err error) {
		r.cookieName, err = text(raw, r.cookieName)
		r.named = true
		return err
	},
	"id": func(r *request, raw []byte) (err error) {
		r.id, err = text(raw, r.id)
		return err
	},
	"cookie": func(r *request, raw []byte) error {
		quoted, escaped, ok := pyjson.StringText(raw, pyjson.Rules{})
		if !ok {
			return errLine
		}
		r.token = pyjson.Unquote(quoted, escaped)
		r.hasToken = true
		return nil
	},
	"payload": func(r *request, raw []byte) (err error) {
		r.payload, err = form(raw)
		return err
	},
	"metadata": func(r *request, raw []byte) (err error) {
		if string(raw) == "null" {
			r.metadata = &value.Value{}
			return nil
		}
		r.metadata, err = form(raw)
		return err
	},
	"headers": func(r *request, raw []byte) error {
		headers, err := pyjson.Decode(raw, pyjson.Rules{})
		if err != nil || headers.Kind != value.Dict && headers.Kind != value.Null {
			return errLine
		}
		r.headers = &headers
		return nil
	},
}

// text reads a text; null stands for what is there.
func text(raw []byte, standing string) (string, error) {
	if string(raw) == "null" {
		return standing, nil
	}
	quoted, escaped, ok := pyjson.StringText(raw, pyjson.Rules{})
	if !ok {
		return "", errLine
	}
	text := pyjson.Unquote(quoted, escaped)
	if !utf8.ValidString(text) {
		return "", errText
	}
	return text, nil
}

// secret reads a text, or bytes as {"b64": base64}; null stands for what is
// there.
func secret(raw []byte, standing string) (string, error) {
	if raw[0] != '{' {
		return text(raw, standing)
	}
	v, err := pyjson.Decode(raw, pyjson.Rules{})
	if err != nil {
		return "", errLine
	}
	return secretOf(&v)
}

func secretOf(v *value.Value) (string, error) {
	switch v.Kind {
	case value.String:
		if !utf8.ValidString(v.Text) {
			return "", errText
		}
		return v.Text, nil
	case value.Dict:
		for i := 0; i+1 < len(v.Items); i += 2 {
			if v.Items[i].Text == "b64" && v.Items[i+1].Kind == value.String {
				data, err := base64.StdEncoding.DecodeString(v.Items[i+1].Text)
				if err != nil {
					return "", errLine
				}
				return string(data), nil
			}
		}
	}
	return "", errLine
}

// secrets reads a list of secrets; null stands for what is there.
func secrets(raw []byte, standing []string) ([]string, error) {
	list, err := pyjson.Decode(raw, pyjson.Rules{})
	switch {
	case err != nil:
		return nil, errLine
	case list.Kind == value.Null:
		return standing, nil
	case list.Kind != value.List:
		// A text is not a list of its letters, as it is in Python.
		return nil, errLine
	}
	secrets := make([]string, len(list.Items))
	for i := range list.Items {
		if secrets[i], err = secretOf(&list.Items[i]); err != nil {
			return nil, err
		}
	}
	return secrets, nil
}

// whole reads a number of seconds, cut to whole ones; ok is false for null.
func whole(raw []byte) (seconds int64, ok bool, err error) {
	v, err := pyjson.Decode(raw, pyjson.Rules{})
	if err != nil {
		return 0, false, errLine
	}
	switch v.Kind {
	case value.Null:
		return 0, false, nil
	case value.Int:
		if n, small := v.Int64(); small {
			return n, true, nil
		}
		if v.Text[0] != '-' {
			return math.MaxInt64, true, nil
		}
	case value.Float:
		if f := v.Float64(); f >= 0 && f < 1<<63 {
			return int64(f), true, nil
		}
	}
	return 0, false, errLine
}

// form reads a value in the neutral form.
func form(raw []byte) (*value.Value, error) {
	if len(raw) > maxPayload {
		return nil, errLarge
	}
	v, err := neutral.Parse(raw)
	if err != nil {
		err = errForm
	}
	return &v, err
}

var errForm = errors.New(`sessions: not a value in the form that decode prints, such as {"t":"dict","v":[["user",{"t":"int","v":"42"}]]}`)

var errLarge = errors.New("sessions: a field is too large")
