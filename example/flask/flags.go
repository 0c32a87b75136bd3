package main

import (
	"flag"
	"fmt"
	"io"

	"github.com/gosessions/sessions/example/internal/web"
)

// settings are what the flags and the environment say.
type settings struct {
	addr   string
	secret string
	python string
}

const help = `Flask and Go behind one address, with one session. Flags, each also an environment variable:

  -addr host:port   where to listen, :8080 if there is none [ADDR]
  -secret key       SECRET_KEY of both sides, a random one if there is none [SECRET_KEY]
  -python path      a Python with Flask, looked for if there is none [PYTHON]
`

// parse reads the flags; the environment stands for those that are not given.
func parse(args []string, getenv func(string) string) (*settings, error) {
	s := &settings{addr: getenv("ADDR"), secret: getenv("SECRET_KEY"), python: getenv("PYTHON")}
	if s.addr == "" {
		s.addr = ":8080"
	}
	fs := flag.NewFlagSet("flask", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	fs.StringVar(&s.addr, "addr", s.addr, "")
	fs.StringVar(&s.secret, "secret", s.secret, "")
	fs.StringVar(&s.python, "python", s.python, "")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: give flags only", fs.Arg(0))
	}
	if err := web.CheckAddress(s.addr); err != nil {
		return nil, fmt.Errorf("invalid value %q for -addr: %w", s.addr, err)
	}
	return s, nil
}
