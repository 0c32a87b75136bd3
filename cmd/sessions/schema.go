package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/backends/sql"
)

func (s *store) schemaFlags() *flag.FlagSet {
	f := newFlags("schema")
	s.addPostgres(f, false)
	f.StringVar(&s.dialect, "dialect", "postgres", "database for which to print it: `postgres|mysql|sqlite`; mysql is also for MariaDB")
	f.BoolVar(&s.unlogged, "unlogged", false, "print the SQL for an UNLOGGED table: it is faster, and empty after a crash of the server")
	return f
}

// schemaCommand prints the statements that make the table.
func (p *program) schemaCommand(args []string) error {
	s := store{getenv: p.getenv}
	if err := parse(s.schemaFlags(), args); err != nil {
		return err
	}
	text, err := s.schema()
	if err != nil {
		return usageError{err}
	}
	if _, err := fmt.Fprint(p.out, text); err != nil {
		return errOutput
	}
	return nil
}

// schema returns the statements for the dialect.
func (s *store) schema() (string, error) {
	var dialect sql.Dialect
	switch s.dialect {
	case "postgres":
		return postgres.SchemaFor(&postgres.Options{Table: s.table, Unlogged: s.unlogged})
	case "mysql":
		dialect = sql.MySQL()
	case "sqlite":
		dialect = sql.SQLite()
	default:
		return "", errDialect
	}
	if s.unlogged {
		return "", errUnlogged
	}
	return sql.SchemaFor(dialect, &sql.Options{Table: s.table})
}

var (
	errDialect  = errors.New("sessions: -dialect must be postgres, mysql or sqlite")
	errUnlogged = errors.New("sessions: -unlogged is for Postgres only: leave it out")
)

func (s *store) migrateFlags() *flag.FlagSet {
	f := newFlags("migrate")
	s.addPostgres(f, true)
	f.BoolVar(&s.unlogged, "unlogged", false, "create an UNLOGGED table: it is faster, and empty after a crash of the server")
	return f
}

// migrateCommand makes the table, or brings it up to date.
func (p *program) migrateCommand(args []string) error {
	s := store{getenv: p.getenv}
	if err := parse(s.migrateFlags(), args); err != nil {
		return err
	}
	b, err := s.openPostgres(s.postgres)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	err = b.Migrate(ctx)
	if closing := b.Close(); err == nil {
		err = closing
	}
	return err
}
