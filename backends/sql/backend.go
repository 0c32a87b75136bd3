package sql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gosessions/sessions/backends"
)

var (
	_ backends.Swapper      = (*Backend)(nil)
	_ backends.Toucher      = (*Backend)(nil)
	_ backends.Rotator      = (*Backend)(nil)
	_ backends.SubjectIndex = (*Backend)(nil)
	_ backends.Sweeper      = (*Backend)(nil)
	_ backends.Walker       = (*Backend)(nil)
	_ backends.Describer    = (*Backend)(nil)
	_ backends.Binder       = (*Backend)(nil)
)

var (
	errNoDB    = errors.New("sql: the database is nil: pass the *sql.DB that sql.Open of database/sql returns")
	errOpen    = errors.New("sql: the driver is not known, or does not accept the data source name: import the driver, and write the name as its documentation says")
	errTTL     = backends.NotApplied(errors.New("sql: a record must have a TTL of more than 0"))
	errNotMade = errors.New("sql: the backend is a zero value: make it with sql.New")
)

// Backend keeps sessions in a table. It is safe for concurrent use and has every
// ability of a server-side backend. Its errors wrap those of the driver.
//
// A statement that failed because of another one, by a deadlock or a lock, has
// changed nothing, and is sent again for up to five seconds. After a broken
// connection, a commit is sent again only if it was certainly not carried out.
// Operations that can be repeated safely (reads, [Backend.Touch],
// [Backend.Remove], [Backend.RevokeSubject] and [Backend.Sweep]) are sent up to
// two more times.
type Backend struct {
	db, readers *sql.DB
	dialect     Dialect
	options     Options
	maxSize     int
	stmts       *statements
	invalid     error // the error in the arguments of New

	owned bool // Close closes the pool
	close context.CancelFunc
	wait  sync.WaitGroup
}

// New returns a backend that uses db, and starts to delete expired rows in the
// background. The table must exist by the time of the first request; see
// [Backend.Migrate]. New does not connect and never fails: if its arguments are
// invalid, [Backend.Describe] and every other method report the error, and so
// does the middleware's constructor.
//
// Call [Backend.Close] at the end; db stays open. Give db as many idle connections
// as it may have open (SetMaxIdleConns): otherwise it makes new ones all the time.
func New(db *sql.DB, dialect Dialect, options *Options) *Backend {
	b := &Backend{db: db, dialect: dialect, options: options.value(), stmts: &statements{}, close: func() {}}
	if db == nil {
		b.invalid = errNoDB
		return b
	}
	if b.invalid = dialect.check(); b.invalid != nil {
		return b
	}
	database, table, err := b.options.table()
	if err != nil {
		b.invalid = err
		return b
	}
	if b.maxSize = b.options.MaxSize; b.maxSize < 0 {
		b.invalid = errMaxSize
		return b
	}
	if b.maxSize == 0 {
		b.maxSize = dialect.MaxSize
	}
	var every time.Duration
	if every, b.invalid = b.options.sweepEvery(); b.invalid != nil {
		return b
	}
	if b.readers = b.options.Readers; b.readers == nil {
		b.readers = db
	}
	b.stmts = b.newStatements(database, table)
	if every > 0 {
		var ctx context.Context
		ctx, b.close = context.WithCancel(context.Background())
		b.wait.Go(func() { b.sweepAgain(ctx, every) })
	}
	return b
}

// Open returns a backend with a pool of its own for the database that dsn names to
// the driver, which the program must import, and starts to delete expired rows in
// the background. It does not connect: if the server is down, the first request
// fails, not Open.
//
// The pool has up to 32 connections and keeps them for reuse (that of
// database/sql keeps 2), for an hour at most. For other numbers, or for SQLite,
// use [New].
func Open(driver, dsn string, dialect Dialect, options *Options) (*Backend, error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, errOpen // the driver's words may quote the password
	}
	db.SetMaxOpenConns(openConns)
	db.SetMaxIdleConns(openConns)
	db.SetConnMaxLifetime(time.Hour)
	b := New(db, dialect, options)
	b.owned = true
	if b.invalid != nil {
		return nil, errors.Join(b.invalid, b.Close())
	}
	return b, nil
}

// openConns is how many connections the pool of Open has.
const openConns = 32

// Close stops the background deletion of expired rows, waits for it to end, and
// closes the prepared statements, and the pool if [Open] made it. It may be
// called more than once.
func (b *Backend) Close() error {
	if b.stmts == nil {
		return errNotMade
	}
	b.close()
	b.wait.Wait()
	var errs []error
	for _, s := range b.sql().all {
		if p := s.prepared.Swap(nil); p != nil {
			errs = append(errs, p.Close())
		}
	}
	if b.owned {
		errs = append(errs, b.db.Close())
	}
	return errors.Join(errs...)
}

// Describe implements [backends.Describer].
func (b *Backend) Describe() backends.Facts {
	if b.stmts == nil {
		return backends.Facts{Err: errNotMade}
	}
	return backends.Facts{Err: b.invalid, MaxSize: b.maxSize}
}

// Read returns the record under id with its subject and its remaining TTL.
func (b *Backend) Read(ctx context.Context, id string) (backends.Record, error) {
	var record backends.Record
	var subject []byte
	var left int64
	err := b.row(ctx, b.sql().read, values{id: key(id)}, &record.Data, &subject, &left)
	record.Subject, record.TTL = string(subject), time.Duration(left)*time.Microsecond
	return record, orNotFound(err)
}

// orNotFound turns the error for a missing row into ErrNotFound.
func orNotFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return backends.ErrNotFound
	}
	return err
}

// Bind implements [backends.Binder]. The middleware never needs a record's
// subject, and needs its remaining TTL only if there is an idle timeout. If it
// needs neither, the returned backend does not read them.
func (b *Backend) Bind(settings backends.Settings) (backends.Backend, error) {
	if b.stmts == nil {
		return nil, errNotMade
	}
	if settings.IdleTimeout > 0 {
		return b, nil
	}
	return brief{b}, nil
}

// brief is a backend that reads only data.
type brief struct{ *Backend }

func (b brief) Read(ctx context.Context, id string) (backends.Record, error) {
	var record backends.Record
	err := b.row(ctx, b.sql().readData, values{id: key(id)}, &record.Data)
	return record, orNotFound(err)
}

// Exists reports whether Read would find a record.
func (b *Backend) Exists(ctx context.Context, id string) (bool, error) {
	var n int
	err := b.row(ctx, b.sql().exists, values{id: key(id)}, &n)
	return n > 0, err
}

// Write stores the record under id, replacing any other, and returns id.
func (b *Backend) Write(ctx context.Context, id string, record backends.Record) (string, error) {
	if err := b.check(record); err != nil {
		return "", err
	}
	v := of(record)
	v.id = key(id)
	err := b.file(ctx, id, record, func(do doer) error { return b.write(ctx, do, v) })
	if err != nil {
		return "", err
	}
	return id, nil
}

// write replaces the row under v.id or creates it.
func (b *Backend) write(ctx context.Context, do doer, v values) error {
	for range maxTurns {
		n, err := do.change(ctx, b.sql().write, v)
		if err != nil || n > 0 {
			return err
		}
		if n, err = do.change(ctx, b.sql().create, v); err != nil || n == 1 {
			return err
		}
	}
	return errTurns
}

// maxTurns bounds how often a row may come and go between two statements.
const maxTurns = 100

var errTurns = backends.NotApplied(errors.New("sql: the row comes and goes faster than it can be written"))

// Remove deletes the record under id.
func (b *Backend) Remove(ctx context.Context, id string) error {
	_, err := b.exec(ctx, b.sql().remove, values{id: key(id)})
	return err
}

// check returns an error for a record that cannot be stored.
func (b *Backend) check(records ...backends.Record) error {
	for _, r := range records {
		if r.TTL <= 0 {
			return errTTL
		}
		if b.maxSize > 0 && len(r.Data) > b.maxSize {
			return backends.NotApplied(fmt.Errorf("%w: sql: a record has %d bytes, and at most %d are allowed: store less, or raise Options.MaxSize together with the limit of the server", backends.ErrTooLarge, len(r.Data), b.maxSize))
		}
	}
	return nil
}

// of returns the values of a record.
func of(r backends.Record) values {
	return values{subject: subjectKey(r.Subject), filing: subjectKey(r.Subject), data: r.Data, ttl: r.TTL}
}

// maxKey is the length up to which an ID or a subject is stored as is. An index
// entry of InnoDB cannot hold more than 3072 bytes; the usual ID has 43.
const maxKey = 1024

// key returns the primary key for id: id itself, or its digest if it is longer
// than maxKey. Used as an ID, the digest finds the same row, so the IDs that
// Walk and ListSubject return are usable. Keys that begin with a control
// character are reserved for the package itself.
func key(id string) []byte {
	if len(id) <= maxKey && len(id) > 0 && id[0] > ' ' {
		return []byte(id)
	}
	return digest(id)
}

// subjectKey returns the key for subject, or nil, which is NULL, for no
// subject.
func subjectKey(subject string) []byte {
	switch {
	case subject == "":
		return nil
	case len(subject) <= maxKey:
		return []byte(subject)
	}
	return digest(subject)
}

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.AppendEncode([]byte("sha256:"), sum[:])
}
