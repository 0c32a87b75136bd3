package sessions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/serializer"
)

// Config says how sessions behave. A nil Config and every zero field are safe
// defaults; [New] copies it. Times are whole seconds in cookies and records, and
// at most 400 days, which is what browsers keep.
type Config struct {
	// Lifetime is how long a session lives from its creation, however much it
	// is used. Default: 14 days, or what the backend proposes. In formats that
	// do not store the creation, Flask's for one, it counts from the last write.
	Lifetime time.Duration

	// IdleTimeout ends a session that is not used for so long. Default: none.
	// Use is recorded at most once in a tenth of it, or a minute. It is an error
	// with formats that cannot record it.
	IdleTimeout time.Duration

	// BrowserSession makes cookies that end with the browser instead of with
	// the session. [Session.SetPersistent] has the last word ("remember me").
	BrowserSession bool

	// Transport is how tokens travel. Default: Cookie{}.
	Transport Transport

	// Format lays out the records. Default: what the backend proposes, else
	// serializer.Native(serializer.JSON).
	Format serializer.Format

	// IDs tells whether a server-side backend sees IDs or only their hash.
	// Default: hashed, unless the backend shares its store with Python.
	IDs IDs

	// Namespace separates several middlewares over one backend: an ID of one
	// is unknown to the other. Default: the cookie's name without its prefix,
	// or the header's. Pin it before you rename the cookie. Unused with RawIDs.
	Namespace string

	// Autoload tells for which requests the session is loaded before the handler
	// runs; if that fails the handler does not run. Default: none. See [Always],
	// [Paths] and [Pattern].
	Autoload func(*http.Request) bool

	// NoTouch tells which requests do not count as use of the session, such as
	// polling. Default: none.
	NoTouch func(*http.Request) bool

	// RefreshUntouched loads the session after every request that carries a
	// token and did not use it, so that permanent sessions slide exactly as
	// Flask's do. It costs what loading costs.
	RefreshUntouched bool

	// ClockSkew is by how much clocks in a mixed fleet differ: signed timestamps
	// are written that much earlier and accepted that much in the future. They
	// are accepted from 5 seconds in the future in any case, and never later than
	// they expire. Default: 0. Beside Flask, which refuses a cookie from one second
	// ahead, 2 seconds are good.
	ClockSkew time.Duration

	// RefuseConflicts makes every concurrent change a conflict (ErrConflict, 409)
	// instead of merging changes of different keys.
	RefuseConflicts bool

	// Timeout bounds a load, and a commit with all its retries. Default: 2
	// seconds.
	Timeout time.Duration

	// MaxSize bounds a record in a server-side backend, in bytes. Default: 1 MiB.
	MaxSize int

	// MaxPerSubject bounds how many sessions one subject has. Default: no bound.
	// One more is ErrSubjectLimit, or ends the oldest one if EvictOldest is set.
	MaxPerSubject int
	EvictOldest   bool

	// Sources are where older sessions are found when the backend does not know
	// a token; they move to the backend with the next commit.
	Sources []Source

	// Require names abilities that the backend must have, so that a missing
	// one is an error from New and not a surprise.
	Require []backends.Ability

	// DisableBreaker makes every request wait for a backend that is down.
	// By default the middleware stops asking for a moment after a few failures.
	DisableBreaker bool

	// ErrorHandler answers a request whose session could not be loaded
	// (autoload) or saved. Default: [Error].
	ErrorHandler func(http.ResponseWriter, *http.Request, error)

	// Observe is told what happens to sessions. It must be quick and safe for
	// concurrent use. Default: nothing is told. See [LogEvents].
	Observe func(context.Context, Event)

	// Logger gets the few warnings that New has. Default: [slog.Default].
	Logger *slog.Logger
}

const (
	defaultLifetime = 14 * 24 * time.Hour
	defaultTimeout  = 2 * time.Second
	minTimeout      = time.Millisecond
	defaultMaxSize  = 1 << 20

	// maxLifetime is how long browsers keep a cookie (RFC 6265bis, 5.5).
	maxLifetime = 400 * 24 * time.Hour
)

// withDefaults returns a copy of c with every default filled in. Those of the
// backend come before the package's own.
func (c *Config) withDefaults(facts backends.Facts) Config {
	d := facts.Defaults
	var cfg Config
	if c != nil {
		cfg = *c
	}
	if cfg.Lifetime == 0 {
		cfg.Lifetime = d.Lifetime
	}
	if cfg.Lifetime == 0 {
		cfg.Lifetime = max(defaultLifetime, min(cfg.IdleTimeout, maxLifetime))
	}
	if cfg.Format == nil {
		cfg.Format = d.Format
	}
	if cfg.Format == nil {
		cfg.Format = serializer.Native(serializer.JSON)
	}
	if cfg.IDs == DefaultIDs {
		cfg.IDs = d.IDs
	}
	if cfg.IDs == DefaultIDs {
		cfg.IDs = HashedIDs
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.MaxSize == 0 {
		cfg.MaxSize = defaultMaxSize
		if facts.MaxSize > 0 {
			cfg.MaxSize = min(cfg.MaxSize, facts.MaxSize)
		}
	}
	if cfg.Transport == nil {
		cfg.Transport = Cookie{}
	}
	if cfg.ErrorHandler == nil {
		cfg.ErrorHandler = Error
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	cfg.BrowserSession = cfg.BrowserSession || d.BrowserSession
	return cfg
}

// validate returns what is wrong with a Config whose defaults are filled in.
func (c *Config) validate(facts backends.Facts) error {
	switch {
	case c.Lifetime < time.Second:
		return fmt.Errorf("sessions: Config.Lifetime is %v: it must be at least a second", c.Lifetime)
	case c.Lifetime > maxLifetime:
		return fmt.Errorf("sessions: Config.Lifetime is %v: browsers keep a cookie for at most 400 days (%v)", c.Lifetime, maxLifetime)
	case c.IdleTimeout < 0 || c.IdleTimeout > 0 && c.IdleTimeout < time.Second:
		return fmt.Errorf("sessions: Config.IdleTimeout is %v: it must be at least a second, or 0 for none", c.IdleTimeout)
	case c.IdleTimeout > c.Lifetime:
		return fmt.Errorf("sessions: Config.IdleTimeout (%v) is longer than Lifetime (%v) and would never take effect: shorten it or leave it out", c.IdleTimeout, c.Lifetime)
	case c.ClockSkew < 0 || c.ClockSkew > time.Hour:
		return fmt.Errorf("sessions: Config.ClockSkew is %v: it must be between 0 and an hour", c.ClockSkew)
	case c.Timeout < minTimeout:
		return fmt.Errorf("sessions: Config.Timeout is %v: it must be positive, at least %v, or 0 for the default", c.Timeout, minTimeout)
	case c.MaxSize < 0:
		return errors.New("sessions: Config.MaxSize is negative: give a number of bytes, or 0 for the default")
	case facts.MaxSize > 0 && c.MaxSize > facts.MaxSize:
		return fmt.Errorf("sessions: Config.MaxSize is %d, but the backend holds records of at most %d bytes: lower it, or leave it out", c.MaxSize, facts.MaxSize)
	case c.MaxPerSubject < 0:
		return errors.New("sessions: Config.MaxPerSubject is negative: give a number, or 0 for no bound")
	case c.EvictOldest && c.MaxPerSubject == 0:
		return errors.New("sessions: Config.EvictOldest needs MaxPerSubject")
	case c.IDs > RawIDs:
		return errors.New("sessions: Config.IDs is none of DefaultIDs, HashedIDs and RawIDs")
	}
	return nil
}

// require returns an error that names the first of wanted that b lacks.
func require(b Backend, wanted []backends.Ability) error {
	have := backends.Abilities(b)
	for _, w := range wanted {
		if !slices.Contains(have, w) {
			return fmt.Errorf("sessions: Config.Require: backend %T lacks the ability %q", b, w)
		}
	}
	return nil
}

// policy returns what c says about records.
func (c *Config) policy() policy {
	return policy{
		lifetime:        c.Lifetime,
		idle:            c.IdleTimeout,
		timeout:         c.Timeout,
		browserSession:  c.BrowserSession,
		refuseConflicts: c.RefuseConflicts,
		maxSize:         c.MaxSize,
		maxPerSubject:   c.MaxPerSubject,
		evictOldest:     c.EvictOldest,
		observe:         c.Observe,
	}
}
