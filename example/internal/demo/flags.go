package demo

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/example/internal/web"
)

// settings are what the flags and the environment say.
type settings struct {
	addr       string
	Backend    string
	Codec      string
	Transport  string
	secret     string // "": none was given
	redis      string
	postgres   string
	serializer string // "": the default of the backend and codec
	autoload   bool
	cookieName string
	lifetime   time.Duration
	idle       time.Duration
	insecure   bool

	stores    []Store
	addresses map[string]*string // of the stores, by name
}

// environment names the variable that stands for a flag which is not given.
var environment = map[string]string{
	"addr":        "ADDR",
	"backend":     "BACKEND",
	"codec":       "CODEC",
	"transport":   "TRANSPORT",
	"secret":      "SECRET_KEY",
	"redis":       "REDIS_URL",
	"postgres":    "DATABASE_URL",
	"serializer":  "SERIALIZER",
	"autoload":    "AUTOLOAD",
	"cookie-name": "COOKIE_NAME",
	"lifetime":    "LIFETIME",
	"idle":        "IDLE",
	"insecure":    "INSECURE",
}

// variable returns the variable of the environment that stands for a flag.
func (s *settings) variable(flag string) string {
	for _, store := range s.stores {
		if store.Name == flag {
			return store.Variable
		}
	}
	return environment[flag]
}

// flags sets the defaults and returns the flags, which write into s.
func (s *settings) flags(stores []Store) *flag.FlagSet {
	*s = settings{
		addr:      "localhost:8080", // its login asks for no password
		Backend:   "memory",
		Codec:     "flask",
		Transport: "cookie",
		redis:     "redis://127.0.0.1:6379/0",
		postgres:  "postgres://postgres@127.0.0.1:5432/postgres",
		stores:    stores,
	}
	names := []string{"memory", "cookie", "redis", "postgres"}
	fs := flag.NewFlagSet("example", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	address(fs, &s.addr, "addr", "address to listen on")
	choice(fs, &s.Backend, "backend", "store of the sessions", append(names, storeNames(stores)...)...)
	choice(fs, &s.Codec, "codec", "format of the cookie, with -backend cookie", "flask", "starlette", "jwt", "encrypted")
	choice(fs, &s.Transport, "transport", "how tokens travel; header means Authorization: Bearer", "cookie", "header")
	fs.StringVar(&s.secret, "secret", s.secret, "`key` of the cookie backend (default: a random key)")
	fs.StringVar(&s.redis, "redis", s.redis, "`URL` of the Redis server")
	fs.StringVar(&s.postgres, "postgres", s.postgres, "`URL` of the Postgres server")
	choice(fs, &s.serializer, "serializer", "encoding of values, if the codec leaves a choice", "json", "flask", "msgpack")
	fs.BoolVar(&s.autoload, "autoload", s.autoload, "load the session before the handler runs")
	fs.StringVar(&s.cookieName, "cookie-name", s.cookieName, "`name` of the cookie (default: __Host-session, or session in formats of Python)")
	duration(fs, &s.lifetime, "lifetime", "how long a session lives, such as 36h (default: 14 days, or that of the codec)", time.Second)
	duration(fs, &s.idle, "idle", "how long an unused session lives, such as 20m (default: 0, no limit)", 0)
	for _, store := range stores {
		if s.addresses == nil {
			s.addresses = map[string]*string{}
		}
		s.addresses[store.Name] = fs.String(store.Name, store.Default, store.Usage)
	}
	fs.BoolVar(&s.insecure, "insecure", s.insecure, "send the cookie without Secure, for tools that do not treat localhost as secure")
	return fs
}

// choice defines a flag that is one of names.
func choice(fs *flag.FlagSet, target *string, name, usage string, names ...string) {
	fs.Func(name, fmt.Sprintf("`%s`: %s", strings.Join(names, "|"), usage), func(text string) error {
		if !slices.Contains(names, text) {
			return errors.New("want one of " + strings.Join(names, ", "))
		}
		*target = text
		return nil
	})
}

// address defines a flag that is a host and port.
func address(fs *flag.FlagSet, target *string, name, usage string) {
	fs.Func(name, "`host:port`: "+usage, func(text string) error {
		*target = text
		return web.CheckAddress(text)
	})
}

// duration defines a flag that is a duration of at least least.
func duration(fs *flag.FlagSet, target *time.Duration, name, usage string, least time.Duration) {
	fs.Func(name, "`duration`: "+usage, func(text string) error {
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("want a duration such as 36h or 20m")
		}
		if d < least {
			return fmt.Errorf("want at least %v", least)
		}
		*target = d
		return nil
	})
}

// parse reads the flags, and the environment for those that are not given.
func parse(args []string, getenv func(string) string, stores ...Store) (*settings, error) {
	s := new(settings)
	fs := s.flags(stores)
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: give flags only", fs.Arg(0))
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var bad error
	fs.VisitAll(func(f *flag.Flag) {
		text := getenv(s.variable(f.Name))
		if given[f.Name] || text == "" || bad != nil {
			return
		}
		if err := fs.Set(f.Name, text); err != nil {
			bad = fmt.Errorf("invalid value %q for %s: %w", text, s.variable(f.Name), err)
		}
	})
	if bad != nil {
		return nil, bad
	}
	return s, s.check(given)
}

// check returns which settings do not go together. What the library refuses by
// itself is left to it.
func (s *settings) check(given map[string]bool) error {
	switch {
	case given["secret"] && s.secret == "":
		return errors.New("-secret is empty: leave it out to get a random key")
	case given["codec"] && s.Backend != "cookie":
		return fmt.Errorf("-codec needs -backend cookie, but the backend is %s", s.Backend)
	case s.serializer != "" && s.Backend == "cookie" && s.Codec != "encrypted":
		return fmt.Errorf("-serializer has no effect with -codec %s, whose format is fixed: leave it out, or use -codec encrypted", s.Codec)
	}
	return nil
}

// needsSecret reports whether something is signed or encrypted.
func (s *settings) needsSecret() bool { return s.Backend == "cookie" }

// key returns the secret, or a random one.
func (s *settings) key() string {
	if s.secret != "" {
		return s.secret
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	return base64.RawURLEncoding.EncodeToString(random)
}

// carrier returns the transport.
func (s *settings) carrier() sessions.Transport {
	if s.Transport == "header" {
		return sessions.Bearer()
	}
	return sessions.Cookie{Name: s.cookieName, Insecure: s.insecure}
}

// Tags name what runs: the backend, how records are sealed or encoded, and the
// transport.
func (s *settings) Tags() []string {
	tags := []string{s.Backend + " backend"}
	if s.Backend == "cookie" {
		tags = append(tags, s.Codec+" codec")
	}
	if s.serializer != "" {
		tags = append(tags, s.serializer+" serializer")
	}
	return append(tags, s.Transport+" transport")
}

// usage prints the flags and what each is called in the environment.
func usage(w io.Writer, stores ...Store) {
	fmt.Fprint(w, "This program demonstrates package sessions. Each flag can also be set by the environment variable in brackets.\n\n")
	s := new(settings)
	s.flags(stores).VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		text = strings.TrimPrefix(text, value+": ")
		fmt.Fprintf(w, "  -%s %s\n    \t%s [%s]\n", f.Name, value, text, s.variable(f.Name))
	})
}
