package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/gosessions/sessions/internal/pyjson"
	"github.com/gosessions/sessions/internal/value"
)

// options are the flags of decode and encode.
type options struct {
	request  request
	secrets  secretFlags
	metadata string
	lines    bool
	plain    bool // decode prints for people
	rest     []string
}

// newFlags returns a set of flags that prints nothing by itself.
func newFlags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	return flags
}

// flags are those of decode, or with encode set of encode.
func (o *options) flags(encode bool) *flag.FlagSet {
	name := "decode"
	if encode {
		name = "encode"
	}
	f := newFlags(name)
	r := &o.request
	f.Func("format", "`format` of the token; see the list below", func(text string) error {
		if r.kind = kinds.find(text); r.kind == nil {
			return errors.New("want one of " + kinds.String())
		}
		return nil
	})
	o.secrets.add(f)
	f.StringVar(&r.salt, "salt", "", "`salt` of the signer, if the application changed it")
	f.Func("max-age", "`seconds|none`: how old a token may be (default: that of the format)", func(text string) error {
		if text == "none" {
			r.maxAge = age{given: true, unlimited: true}
			return nil
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return errors.New("want a number of seconds, or none")
		}
		r.maxAge = age{given: true, seconds: n}
		return nil
	})
	f.Func("now", "Unix `time` to use as the current time (default: the clock)", func(text string) error {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || n > lastSecond {
			return errors.New("want a number of seconds since 1970")
		}
		r.now = time.Unix(n, 0)
		return nil
	})
	f.StringVar(&r.algorithm, "alg", "", "`algorithm` of a JSON Web Token: HS256 (default), HS384 or HS512")
	f.StringVar(&r.serializer, "serializer", "", "`name` of the encoding of values, for formats that have several")
	f.Func("cookie-name", "`name` of the cookie, to which encrypted tokens are bound (default: try __Host-session and session)", func(text string) error {
		r.cookieName, r.named = text, true
		return nil
	})
	f.StringVar(&r.id, "id", "", "`ID` under which the store keeps an encrypted record")
	f.BoolVar(&o.lines, "requests", false, "read requests from standard input, one JSON object per line, with the fields\nformat secret fallbacks salt now max_age alg serializer cookie_name id and\n"+requestFields(encode)+"; flags apply where a line has no such field")
	if !encode {
		f.BoolVar(&o.plain, "plain", false, "print what is in tokens for people, with a line for each key")
	}
	if encode {
		f.StringVar(&o.metadata, "metadata", "", "`file` with the metadata of the record in the form that decode prints, or null")
		f.Func("headers", "additional headers of a JSON Web Token, as a JSON `object`", func(text string) error {
			headers, err := pyjson.Decode([]byte(text), pyjson.Rules{})
			if err != nil || headers.Kind != value.Dict {
				return errors.New("want a JSON object")
			}
			r.headers = &headers
			return nil
		})
	}
	return f
}

func requestFields(encode bool) string {
	if encode {
		return "payload metadata headers"
	}
	return "cookie (the token)"
}

// parse reads the arguments of decode or encode. What it returns is the
// request as far as they say.
func (o *options) parse(args []string, encode bool, getenv func(string) string) error {
	f := o.flags(encode)
	if err := f.Parse(args); err != nil {
		return err
	}
	o.rest = f.Args()
	var err error
	o.request.secret, o.request.fallbacks, err = o.secrets.keys(getenv)
	if err != nil {
		return err
	}
	if o.metadata != "" {
		data, err := os.ReadFile(o.metadata)
		if err != nil {
			return fmt.Errorf("sessions: cannot read the metadata: %w", err)
		}
		if err := fields["metadata"](&o.request, pyjson.Trim(data)); err != nil {
			return fmt.Errorf("sessions: -metadata: %w", err)
		}
	}
	if !o.lines && o.request.kind == nil {
		return errors.New("sessions: give -format, one of " + kinds.String())
	}
	return nil
}
