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

// Config configures a [Middleware]. A nil Config and every zero field mean safe
// defaults; [New] copies it. Cookies and records keep times in whole seconds.
// Lifetimes are at most 400 days, because browsers keep no cookie longer.
type Config struct {
	// Lifetime is how long a session lives from its creation, however much it
	// is used. Default: 14 days, or what the backend proposes. Formats that do
	// not store the creation, such as Flask's, count from the last write.
	Lifetime time.Duration

	// IdleTimeout ends a session that has not been used for this long. Default:
	// none. To save writes, use is recorded at most once in a tenth of it, or
	// once a minute if that is more often. New refuses it if the format cannot
	// record use.
	IdleTimeout time.Duration

	// ExemptPersistent exempts from IdleTimeout the sessions for which
	// SetPersistent(true) was called, as for "30 minutes, unless remembered". Default:
	// IdleTimeout ends those, too, and "remember me" keeps only the cookie.
	ExemptPersistent bool

	// BrowserSession makes cookies end with the browser instead of with the
	// session. [Session.SetPersistent] overrides it for one session ("remember
	// me"), which changes nothing without BrowserSession or ExemptPersistent.
	BrowserSession bool

	// Transport carries tokens to the client and back. Default: Cookie{}.
	Transport Transport

	// Format lays out the records. Default: what the backend proposes, otherwise
	// serializer.Native(serializer.JSON). [serializer.Encrypted] hides from the
	// store what the records contain.
	Format serializer.Format

	// IDs selects what a server-side backend sees of IDs. Default: HashedIDs,
	// unless the backend shares its store with Python.
	IDs IDs

	// Namespace separates the sessions of several middlewares over one backend:
	// one does not accept the tokens of another. Default: the name of the
	// cookie, without its prefix, or of the header. To rename the cookie and
	// keep its sessions, set Namespace to the old name first. It is not used
	// with RawIDs.
	Namespace string

	// Autoload reports whether to load the session before the handler runs. If
	// loading fails, ErrorHandler answers and the handler does not run. Default:
	// handlers load the session themselves. See [Always], [Paths] and [Pattern].
	Autoload func(*http.Request) bool

	// NoTouch reports whether a request, such as polling, does not count as use
	// of the session. Default: every request that loads it counts.
	NoTouch func(*http.Request) bool

	// RefreshUntouched also loads the session of every request that carries a
	// token but does not use it, so that the lifetimes of permanent sessions
	// slide exactly as in Flask. Each of these requests pays for loading.
	RefreshUntouched bool

	// ClockSkew is the clock difference to tolerate between machines. Tokens are
	// backdated by this much and accepted up to this far in the future, 5 seconds
	// in any case. Default: 0. Set 2 seconds if you share cookies with Flask,
	// which refuses a cookie from one second ahead.
	ClockSkew time.Duration

	// RefuseConflicts makes a commit fail with ErrConflict (409) if another
	// request changed the session. Default: the changes of both are merged.
	RefuseConflicts bool

	// Timeout limits the time of a load, and of a commit with all its retries.
	// Default: 2 seconds.
	Timeout time.Duration

	// MaxSize limits a record in a server-side backend, in bytes. Default: 1 MiB,
	// or what the backend holds if that is less.
	MaxSize int

	// MaxPerSubject limits the number of sessions of one subject. Default: no
	// limit. A commit that would store one more fails with ErrSubjectLimit.
	MaxPerSubject int

	// EvictOldest ends the subject's oldest session at MaxPerSubject, instead
	// of refusing the new one.
	EvictOldest bool

	// Sources are where sessions were kept before. They are asked, in order, for
	// a token that the backend does not know. A session that is found there
	// moves to the backend with the response.
	Sources []Source

	// Require lists abilities that the backend must have. If one is missing, New
	// returns an error that names it.
	Require []backends.Ability

	// Breaker says when the middleware stops calling a backend that is down, so
	// that requests fail at once with ErrUnavailable. Default: after five failures
	// in a row and a second without success; it then tries again every 250 ms.
	Breaker backends.BreakerOptions

	// DisableBreaker makes every request wait for a backend that is down.
	DisableBreaker bool

	// SaveOn reports whether the changes of a request are saved, by the status of
	// its response. Default: always, as in Flask. A program whose recoverer is
	// inside this middleware may want status < 500, so that a panic saves nothing
	// there, either. What Save, Destroy and Transact did is kept, and the request
	// still counts as use. [Error] saves nothing in any case.
	SaveOn func(status int) bool

	// ErrorHandler answers a request whose session could not be saved, or could
	// not be loaded for Autoload. Default: [Error].
	ErrorHandler func(http.ResponseWriter, *http.Request, error)

	// Observe is called with every event of a session. It must be quick and safe
	// for concurrent use. Default: no function is called. See [LogEvents].
	Observe func(context.Context, Event)

	// Trace is called when a load, a commit, a touch or a Destroy begins, with
	// "load", "commit", "touch" or "destroy". The backend is called with the context
	// that Trace returns, which must descend from ctx. The function that Trace
	// returns is called at the end, with the result. Trace must be quick and safe
	// for concurrent use. Default: no function is called. Module otelsessions makes
	// spans with it.
	Trace func(ctx context.Context, name string) (context.Context, func(error))

	// Logger receives what the operator should know: weaknesses of the
	// configuration, a backend that is down and up again, and why requests failed
	// with 500 or 503. It repeats a reason at most once in ten seconds. Default:
	// [slog.Default].
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

// withDefaults returns a copy of c with every default filled in. A default of the
// backend takes precedence over the package's own.
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
	case c.ExemptPersistent && c.IdleTimeout == 0:
		return errors.New("sessions: Config.ExemptPersistent needs IdleTimeout: set it, or leave ExemptPersistent out")
	case c.ClockSkew < 0 || c.ClockSkew > time.Hour:
		return fmt.Errorf("sessions: Config.ClockSkew is %v: it must be between 0 and an hour", c.ClockSkew)
	case c.Timeout < minTimeout:
		return fmt.Errorf("sessions: Config.Timeout is %v: it must be positive, at least %v, or 0 for the default", c.Timeout, minTimeout)
	case c.MaxSize < 0:
		return errors.New("sessions: Config.MaxSize is negative: give a number of bytes, or 0 for the default")
	case facts.MaxSize > 0 && c.MaxSize > facts.MaxSize:
		return fmt.Errorf("sessions: Config.MaxSize is %d, but the backend holds records of at most %d bytes: lower it, or leave it out", c.MaxSize, facts.MaxSize)
	case c.MaxPerSubject < 0:
		return errors.New("sessions: Config.MaxPerSubject is negative: give a number, or 0 for no limit")
	case c.EvictOldest && c.MaxPerSubject == 0:
		return errors.New("sessions: Config.EvictOldest needs MaxPerSubject")
	case c.IDs > RawIDs:
		return errors.New("sessions: Config.IDs is not a valid value: use DefaultIDs, HashedIDs or RawIDs")
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

// policy returns the part of c that concerns records.
func (c *Config) policy() policy {
	return policy{
		lifetime:        c.Lifetime,
		idle:            c.IdleTimeout,
		exempt:          c.ExemptPersistent,
		timeout:         c.Timeout,
		browserSession:  c.BrowserSession,
		refuseConflicts: c.RefuseConflicts,
		maxSize:         c.MaxSize,
		maxPerSubject:   c.MaxPerSubject,
		evictOldest:     c.EvictOldest,
		observe:         c.Observe,
		onStart:         c.Trace,
	}
}
