package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

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
	errNoPool = errors.New("postgres: the pool is nil")
	errTTL    = backends.NotApplied(errors.New("postgres: a record must have a TTL of more than 0"))

	errNotMade = errors.New("postgres: the backend is a zero value: make it with postgres.Open or postgres.New")
)

// Backend keeps sessions in a table. It is safe for concurrent use and has
// every ability of a server-side backend. Apart from [backends.ErrNotFound],
// [backends.ErrConflict] and [backends.ErrSubjectLimit], it returns the errors
// of pgx unchanged.
//
// After a broken connection, a commit is sent again only if it certainly was
// not carried out. Operations that can be repeated safely (reads,
// [Backend.Touch], [Backend.Remove], [Backend.RevokeSubject] and
// [Backend.Sweep]) are sent up to two more times; a read that shared its
// statement with others, up to three more times.
type Backend struct {
	pool     *pgxpool.Pool
	options  Options
	maxConns int32 // of pool
	table    pgx.Identifier
	sql      *statements
	invalid  error // the error in the arguments of New

	// pooler is set once a connection pooler turned out not to support prepared
	// statements; see exec.go.
	pooler     atomic.Bool
	unprepared pgx.QueryExecMode

	line line

	owned bool // Close closes the pool
	close context.CancelFunc
	wait  sync.WaitGroup
}

// New returns a backend that uses pool, and starts to delete expired rows in
// the background. The table must exist by the time of the first request; see
// [Migrate]. New never fails: if its arguments are invalid, [Backend.Describe]
// and every other method report the error, and so does the middleware's
// constructor.
//
// Call [Backend.Close] at the end; the pool stays open.
func New(pool *pgxpool.Pool, options *Options) *Backend {
	b := &Backend{pool: pool, options: options.value(), sql: &statements{}, close: func() {}}
	if pool == nil {
		b.invalid = errNoPool
		return b
	}
	if b.table, b.invalid = b.options.table(); b.invalid != nil {
		return b
	}
	var every time.Duration
	if every, b.invalid = b.options.sweepEvery(); b.invalid != nil {
		return b
	}
	config := pool.Config()
	b.maxConns = config.MaxConns
	b.unprepared = pgx.QueryExecModeExec
	if config.ConnConfig.DescriptionCacheCapacity > 0 {
		b.unprepared = pgx.QueryExecModeCacheDescribe
	}
	b.sql = newStatements(b.table, inTextMode(config.ConnConfig.DefaultQueryExecMode) || inTextMode(b.unprepared))
	if !b.sql.text {
		b.line.slots = int(b.maxConns)
	}
	if every > 0 {
		var ctx context.Context
		ctx, b.close = context.WithCancel(context.Background())
		b.wait.Go(func() { b.sweepAgain(ctx, every) })
	}
	return b
}

// Open returns a backend with a pool of its own for url, in the form of
// [pgxpool.ParseConfig] ("postgres://user:password@host:5432/database"), and
// starts to delete expired rows in the background. It does not connect: if the
// server is down, the first request fails, not Open.
//
// Open sets defaults for what url does not specify: application_name is
// "sessions", connect_timeout is 5 seconds, and connections are replaced after
// about an hour, at different times. It detects a connection that was closed
// while idle without a query.
func Open(url string, options *Options) (*Backend, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if params := config.ConnConfig.RuntimeParams; params["application_name"] == "" {
		params["application_name"] = "sessions"
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	if config.MaxConnLifetimeJitter == 0 {
		config.MaxConnLifetimeJitter = config.MaxConnLifetime / 10
	}
	if canProbe {
		config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	b := New(pool, options)
	b.owned = true
	if b.invalid != nil {
		return nil, errors.Join(b.invalid, b.Close())
	}
	return b, nil
}

// Close stops the background deletion of expired rows, waits for it to end, and
// closes the pool if [Open] made it. It may be called more than once.
func (b *Backend) Close() error {
	b.close()
	b.wait.Wait()
	if b.owned {
		b.pool.Close()
	}
	return nil
}

// Describe implements [backends.Describer].
func (b *Backend) Describe() backends.Facts {
	if b.sql == nil {
		return backends.Facts{Err: errNotMade}
	}
	return backends.Facts{Err: b.invalid}
}

// Migrate calls [Migrate] for b's pool and table.
func (b *Backend) Migrate(ctx context.Context) error {
	return Migrate(ctx, b.pool, &b.options)
}

// Read returns the record under id with its subject and its remaining TTL.
func (b *Backend) Read(ctx context.Context, id string) (backends.Record, error) {
	if v := b.turn(ctx, readsAll, id); v.turn == answered {
		return v.record, v.err
	} else if v.turn == proceed {
		defer b.leave()
	}
	return b.readAlone(ctx, id)
}

// readAlone is Read with a statement of its own.
func (b *Backend) readAlone(ctx context.Context, id string) (backends.Record, error) {
	var record backends.Record
	var subject []byte
	err := b.row(ctx, b.sql.read, []any{key(id)}, b.sql.bytes(&record.Data), b.sql.bytes(&subject), &record.TTL)
	record.Subject = string(subject)
	return record, orNotFound(err)
}

// orNotFound turns the error for a missing row into ErrNotFound.
func orNotFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return backends.ErrNotFound
	}
	return err
}

// Bind implements [backends.Binder]. The middleware never needs a record's
// subject, and needs its remaining TTL only if there is an idle timeout. If it
// needs neither, the returned backend does not read them.
func (b *Backend) Bind(settings backends.Settings) (backends.Backend, error) {
	if settings.IdleTimeout > 0 {
		return b, nil
	}
	return brief{b}, nil
}

// brief is a backend that reads only data, which is 4 % faster.
type brief struct{ *Backend }

func (b brief) Read(ctx context.Context, id string) (backends.Record, error) {
	if v := b.turn(ctx, readsData, id); v.turn == answered {
		return v.record, v.err
	} else if v.turn == proceed {
		defer b.leave()
	}
	return b.readAlone(ctx, id)
}

// readAlone is Read with a statement of its own.
func (b brief) readAlone(ctx context.Context, id string) (backends.Record, error) {
	var record backends.Record
	err := b.row(ctx, b.sql.readData, []any{key(id)}, b.sql.bytes(&record.Data))
	return record, orNotFound(err)
}

// Exists reports whether Read would find a record.
func (b *Backend) Exists(ctx context.Context, id string) (bool, error) {
	var found bool
	err := b.row(ctx, b.sql.exists, []any{key(id)}, &found)
	return found, err
}

// Write stores the record under id, replacing any other, and returns id.
func (b *Backend) Write(ctx context.Context, id string, record backends.Record) (string, error) {
	if record.TTL <= 0 {
		return "", errTTL
	}
	_, err := b.file(ctx, id, record, b.sql.write, key(id), subjectKey(record.Subject), record.TTL, record.Data)
	if err != nil {
		return "", err
	}
	return id, nil
}

// Remove deletes the record under id.
func (b *Backend) Remove(ctx context.Context, id string) error {
	_, err := b.exec(ctx, b.sql.remove, key(id))
	return err
}

// maxKey is the length up to which an ID or a subject is stored as is. An index
// entry cannot hold more than 2704 bytes; the usual ID has 43.
const maxKey = 1024

// key returns the primary key for id: id itself, or its digest if it is longer
// than maxKey. Used as an ID, the digest finds the same row, so the IDs that
// Walk and ListSubject return are usable. Keys that begin with a control
// character are reserved for the package itself.
func key(id string) []byte {
	if len(id) <= maxKey && len(id) > 0 && id[0] > ' ' {
		return []byte(id)
	}
	digest := sha256.Sum256([]byte(id))
	return base64.RawURLEncoding.AppendEncode([]byte("sha256:"), digest[:])
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
	digest := sha256.Sum256([]byte(subject))
	return base64.RawURLEncoding.AppendEncode([]byte("sha256:"), digest[:])
}
