package sql

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Options configure a [Backend]. Nil and the zero value mean the defaults.
type Options struct {
	// Table names the table: "sessions", or in another database "auth.sessions".
	// Each part consists of ASCII letters, digits and underscores, and does not
	// begin with a digit. The default is "sessions", in the database to which
	// the pool is connected.
	Table string

	// Readers, if not nil, is another pool of connections to the same database,
	// for statements that only read. It must see every commit at once, which a
	// replica does not. Where only one connection can write, as in SQLite, reads
	// then wait for none.
	Readers *sql.DB

	// MaxSize is how many bytes of data a record may have. 0 means the dialect's
	// default.
	MaxSize int

	// SweepEvery is the interval at which expired rows are deleted in the
	// background, by one of all instances. 0 means five minutes, and a negative
	// value means never.
	SweepEvery time.Duration

	// OnSweep, if not nil, is called after each background sweep with the
	// number of deleted rows and the error that ended the sweep early, if any.
	OnSweep func(deleted int, err error)
}

const (
	defaultTable      = "sessions"
	defaultSweepEvery = 5 * time.Minute
)

// identifier matches the allowed names: those that need no escaping and fit into
// the names of every database.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

var (
	errTable   = errors.New(`sql: Options.Table must be "table" or "database.table", each part up to 63 ASCII letters, digits and underscores and not beginning with a digit`)
	errMaxSize = errors.New("sql: Options.MaxSize is negative: give a number of bytes, or 0 for the dialect's default")
)

// table returns the parts of Options.Table; database is "" for the pool's own.
func (o Options) table() (database, table string, err error) {
	table = o.Table
	if table == "" {
		table = defaultTable
	}
	if before, after, qualified := strings.Cut(table, "."); qualified {
		if !identifier.MatchString(before) {
			return "", "", errTable
		}
		database, table = before, after
	}
	if !identifier.MatchString(table) {
		return "", "", errTable
	}
	return database, table, nil
}

func (o Options) sweepEvery() (time.Duration, error) {
	switch {
	case o.SweepEvery == 0:
		return defaultSweepEvery, nil
	case o.SweepEvery > 0 && o.SweepEvery < time.Second:
		return 0, fmt.Errorf("sql: Options.SweepEvery is %v: use at least a second, 0 for the default, or less than 0 for never", o.SweepEvery)
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
