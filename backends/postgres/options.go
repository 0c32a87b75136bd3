package postgres

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options configure a [Backend] and [Migrate]. Nil and the zero value mean the
// defaults.
type Options struct {
	// Table names the table: "sessions", or with its schema "auth.sessions".
	// Each part consists of ASCII letters, digits and underscores, does not
	// begin with a digit, and is case-sensitive. The default is
	// "public.sessions"; a name without a schema is in "public", whatever the
	// search_path of a connection.
	Table string

	// Unlogged lets Migrate create an UNLOGGED table, which is written faster.
	// Every session ends when the server crashes, and none exists on replicas.
	// It has no effect on a table that exists.
	Unlogged bool

	// SweepEvery is the interval at which expired rows are deleted in the
	// background, by one of all instances. 0 means five minutes, and a negative
	// value means never.
	SweepEvery time.Duration

	// OnSweep, if not nil, is called after each background sweep with the
	// number of deleted rows and the error that ended the sweep early, if any.
	OnSweep func(deleted int, err error)
}

const (
	defaultTable      = "public.sessions"
	defaultSweepEvery = 5 * time.Minute
)

// identifier matches the allowed names of schemas and tables: those that need
// no escaping and fit the 63 bytes that PostgreSQL keeps of a name.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

var errTable = errors.New(`postgres: Options.Table must be "table" or "schema.table", each part up to 63 ASCII letters, digits and underscores and not beginning with a digit`)

// table returns the parts of Options.Table.
func (o Options) table() (pgx.Identifier, error) {
	name := o.Table
	if name == "" {
		name = defaultTable
	}
	schema, table, qualified := strings.Cut(name, ".")
	if !qualified {
		schema, table = "public", name
	}
	if !identifier.MatchString(schema) || !identifier.MatchString(table) {
		return nil, errTable
	}
	return pgx.Identifier{schema, table}, nil
}

func (o Options) sweepEvery() (time.Duration, error) {
	switch {
	case o.SweepEvery == 0:
		return defaultSweepEvery, nil
	case o.SweepEvery > 0 && o.SweepEvery < time.Second:
		return 0, fmt.Errorf("postgres: Options.SweepEvery is %v: use at least a second, 0 for the default, or less than 0 for never", o.SweepEvery)
	}
	return o.SweepEvery, nil
}

// value returns the options that o points at, or the defaults.
func (o *Options) value() Options {
	if o == nil {
		return Options{}
	}
	return *o
}
