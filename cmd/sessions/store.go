package main

import (
	"context"
	"errors"
	"flag"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/backends/redis"
)

// storeTimeout bounds everything that a command does in a store.
const storeTimeout = time.Minute

// store says which store is meant.
type store struct {
	redis, prefix         string
	postgres, table       string
	unlogged              bool
	dialect               string // of the schema
	secrets               secretFlags
	getenv                func(string) string
	subject, except       string
	hasSubject, hasExcept bool
}

// addPostgres defines the flags for a table in Postgres; connect, those for
// reaching it too.
func (s *store) addPostgres(f *flag.FlagSet, connect bool) {
	if connect {
		f.StringVar(&s.postgres, "postgres", "", "`URL` of the Postgres server (default: the environment variable DATABASE_URL)")
	}
	f.StringVar(&s.table, "table", "", "`name` of the table (default public.sessions)")
}

func (s *store) addRedis(f *flag.FlagSet) {
	f.StringVar(&s.redis, "redis", "", "`URL` of the Redis server (default: the environment variable REDIS_URL)")
	f.StringVar(&s.prefix, "prefix", "", "`prefix` of the keys in Redis (default "+redis.DefaultPrefix+")")
}

func (s *store) addSubject(f *flag.FlagSet) {
	f.Func("subject", "`name` of the user, as passed to SetSubject", func(text string) error {
		s.subject, s.hasSubject = text, text != ""
		return nil
	})
}

func (s *store) addExcept(f *flag.FlagSet) {
	f.Func("except", "`id` of a session to keep, as printed by list", func(text string) error {
		s.except, s.hasExcept = text, true
		return nil
	})
}

// An openStore is a backend that was opened.
type openStore interface {
	ListSubject(ctx context.Context, subject string) ([]backends.Entry, error)
	RevokeSubject(ctx context.Context, subject, except string) (int, error)
	Close() error
}

var errSubject = usageError{errors.New("sessions: give -subject, the user whose sessions you mean")}

var errStore = errors.New("sessions: give the store, by -redis or -postgres or by the environment variable REDIS_URL or DATABASE_URL; if sessions move from one to the other, give both flags")

// open opens the stores that the flags name, or else the one in the environment.
func (s *store) open() (openStore, error) {
	r, p := s.redis, s.postgres
	if r == "" && p == "" {
		r, p = s.getenv("REDIS_URL"), s.getenv("DATABASE_URL")
		if (r == "") == (p == "") {
			return nil, usageError{errStore}
		}
	}
	var list stores
	if r != "" {
		b, err := redis.Open(r, &redis.Options{Prefix: s.prefix})
		if err != nil {
			return nil, usageError{err}
		}
		list = append(list, b)
	}
	if p != "" {
		b, err := s.openPostgres(p)
		if err != nil {
			return nil, errors.Join(err, list.Close())
		}
		list = append(list, b)
	}
	return list, nil
}

func (s *store) openPostgres(url string) (*postgres.Backend, error) {
	if url == "" {
		url = s.getenv("DATABASE_URL")
	}
	if url == "" {
		return nil, usageError{errors.New("sessions: give the server, by -postgres or the environment variable DATABASE_URL")}
	}
	options := &postgres.Options{Table: s.table, Unlogged: s.unlogged, SweepEvery: -1}
	if _, err := postgres.SchemaFor(options); err != nil {
		return nil, usageError{err}
	}
	b, err := postgres.Open(url, options)
	if err != nil {
		// The error may quote a part of the password.
		return nil, usageError{errURL}
	}
	return b, nil
}

var errURL = errors.New("sessions: the URL is not valid: write postgres://user:password@host:port/database, and percent-encode special characters of the password")

// parse reads arguments that are flags only.
func parse(f *flag.FlagSet, args []string) error {
	if err := f.Parse(args); err != nil {
		return usageError{err}
	}
	if f.NArg() > 0 {
		return usageError{errors.New("sessions: unexpected argument: give flags only")}
	}
	return nil
}

// with opens the store for as long as use runs.
func (s *store) with(use func(context.Context, openStore) error) error {
	b, err := s.open()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	err = use(ctx, b)
	if closing := b.Close(); err == nil {
		err = closing
	}
	return err
}
