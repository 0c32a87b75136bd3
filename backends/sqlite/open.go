package sqlite

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/sql" //rules:allow because this is that backend, with a driver
)

// Options configure a [Backend]. Nil and the zero value mean the defaults.
type Options struct {
	// NoSync lets commits return before the disk has them. They survive the end
	// of the program, but a power cut can undo the last ones: a logout, say.
	NoSync bool

	// Table, SweepEvery and OnSweep are those of [sql.Options].
	Table      string
	SweepEvery time.Duration
	OnSweep    func(deleted int, err error)
}

// Backend keeps sessions in a file. [Open] makes one; the zero value is not
// usable. It is safe for concurrent use, and has every ability of a server-side
// backend, from [sql.Backend].
type Backend struct {
	*sql.Backend
	db, readers *stdsql.DB
	close       func() error
}

var (
	_ backends.Swapper   = (*Backend)(nil)
	_ backends.Describer = (*Backend)(nil)

	errName    = errors.New("sqlite: the name of the file is empty: give a name, such as sessions.db")
	errMemory  = errors.New("sqlite: the name stands for a database in memory: use package memory for sessions that end with the program, or give the name of a file")
	errURI     = errors.New("sqlite: the name begins with \"file:\": give the name of the file as it is, without escapes and settings")
	errNotMade = errors.New("sqlite: the backend is a zero value: make it with sqlite.Open")
)

// busyTimeout is how long a commit waits for another process in SQLite; package
// sql then tries again for as long.
const busyTimeout = 5 * time.Second

// Open opens the file, creates it (for this user alone) and its table if they do
// not exist, and starts to delete expired rows in the background. The name is used as it is; a
// relative one is resolved now. The directory must exist.
//
// It returns an error that names the remedy if the file cannot be used, because
// it is read-only, damaged, not an SQLite database, or locked for several
// seconds. Call [Backend.Close] at the end.
func Open(file string, options *Options) (*Backend, error) {
	var o Options
	if options != nil {
		o = *options
	}
	path, err := resolve(file)
	if err != nil {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	b := &Backend{}
	b.close = sync.OnceValue(b.closeAll)
	if b.db, err = stdsql.Open("sqlite", dsn(path, o, false)); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	// A second connection that writes would only wait for the first, with less
	// patience than the pool has.
	b.db.SetMaxOpenConns(1)
	if b.readers, err = stdsql.Open("sqlite", dsn(path, o, true)); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %w", err), b.db.Close())
	}
	connections := max(4, 2*runtime.GOMAXPROCS(0))
	b.readers.SetMaxOpenConns(connections)
	b.readers.SetMaxIdleConns(connections)
	b.Backend = sql.New(b.db, sql.SQLite(), &sql.Options{
		Table: o.Table, Readers: b.readers, SweepEvery: o.SweepEvery, OnSweep: o.OnSweep,
	})
	ctx, cancel := context.WithTimeout(context.Background(), 2*busyTimeout)
	defer cancel()
	if err := b.Migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: cannot use the file %q: %w", path, err), b.Close())
	}
	return b, nil
}

// Close stops the background deletion of expired rows, waits for it to end, and
// closes the file. It may be called more than once.
func (b *Backend) Close() error {
	if b.close == nil {
		return errNotMade
	}
	return b.close()
}

func (b *Backend) closeAll() error {
	// The connection that writes is the last one, so that its end can bring the
	// journal into the file.
	return errors.Join(b.Backend.Close(), b.readers.Close(), b.db.Close())
}

// Describe implements [backends.Describer].
func (b *Backend) Describe() backends.Facts {
	if b.Backend == nil {
		return backends.Facts{Err: errNotMade}
	}
	return b.Backend.Describe()
}

// resolve returns the absolute path of the file, or an error if it cannot be one.
func resolve(file string) (string, error) {
	switch {
	case file == "":
		return "", errName
	case file == ":memory:":
		return "", errMemory
	case strings.HasPrefix(file, "file:"):
		return "", errURI
	case strings.Contains(file, "\x00"):
		return "", errors.New("sqlite: the name of the file contains a byte of 0")
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	info, err := os.Stat(filepath.Dir(path))
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir():
		return "", fmt.Errorf("sqlite: there is no directory %q: create it first", filepath.Dir(path))
	case err != nil:
		return "", fmt.Errorf("sqlite: %w", err)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("sqlite: %q is not a file: give the name of a file, which is created if it does not exist", path)
	}
	return path, nil
}

// create makes an empty file that only this user can read, if there is none. SQLite
// would leave that to the umask; it gives its other files the same rights.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return fmt.Errorf("sqlite: the file cannot be created: give this process's user the right to write in its directory: %w", err)
	}
	return file.Close()
}

// dsn returns the driver's name for the file. SQLite and the driver both read it
// as a URI.
func dsn(path string, o Options, reads bool) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	pragmas := []string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"journal_size_limit(67108864)",
	}
	if o.NoSync {
		pragmas[2] = "synchronous(NORMAL)"
	}
	if reads {
		pragmas = append(pragmas, "query_only(1)")
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: url.Values{"_pragma": pragmas}.Encode()}).String()
}
