package sql

import (
	"database/sql"
	"errors"
	"strings"
)

// Dialect describes what is particular to a database. [SQLite] and [MySQL]
// return the dialects of this package; the zero value is not usable. A Dialect
// for another database needs all fields that are not marked as optional.
//
// Texts may contain {table}, which becomes the quoted name of the table, and
// {name} and {index}, which become the quoted names of the table without its
// database, and of an index on the subject.
type Dialect struct {
	// Name is the name of the database, for errors and logs.
	Name string

	// Quote encloses identifiers.
	Quote string

	// Placeholder returns the placeholder of the nth argument, from 1. Optional:
	// nil stands for "?".
	Placeholder func(n int) string

	// Schema are the statements that create the table if it does not exist, with
	// the columns of [SchemaFor]. IDs, subjects and data must be compared byte by
	// byte, and no index may cover expires_at, revision or data, because every
	// touch changes the first two.
	Schema []string

	// Now is an expression for the server's time in microseconds since 1970, as
	// an integer. Optional: "" stands for the clock of this program, which is
	// right where the database is a part of it.
	Now string

	// Keep ends an INSERT of one row so that a row that exists under the same ID
	// keeps its content and nothing fails. The INSERT must report exactly one
	// affected row if it has inserted, and any other number if it has not.
	Keep string

	// ForUpdate ends a SELECT of the rows of a subject so that nobody changes
	// these rows or adds another one until the transaction ends. Optional where
	// a transaction that has written excludes every other writer.
	ForUpdate string

	// Isolation is the level of transactions. A DELETE of the rows of a subject,
	// and a SELECT that ends with ForUpdate, must see rows that are added
	// meanwhile, or keep them from being added.
	Isolation sql.IsolationLevel

	// MaxSize is the default of [Options].MaxSize. Optional: 0 means no limit.
	MaxSize int

	// Limit queries the number of bytes that a statement may have; a swap sends
	// the old data and the new data in one. Optional.
	Limit string

	// Judge returns what an error means; see [Verdict].
	Judge func(err error) Verdict
}

// Verdict is what is known about a statement or a transaction that failed. The
// zero value means that nothing is known: the connection broke, say. When in
// doubt, return the zero value: a middleware that is told that nothing was
// changed does not check.
type Verdict struct {
	// Answered says that the database has answered, so that sending the
	// statement again would get the same answer.
	Answered bool

	// Undone says that the statement has certainly changed nothing, or that its
	// changes were rolled back.
	Undone bool

	// Again says that the statement is Undone because another one was in its
	// way, so that it is worth sending again: deadlocks, locks.
	Again bool

	// TooLarge says that the record was too large for the database.
	TooLarge bool

	// Secret says that the error quotes an ID or data. Only Remedy is passed on
	// then, not the error's text.
	Secret bool

	// Remedy says what to do, for the operator who reads the error.
	Remedy string
}

var errDialect = errors.New("sql: the dialect is not complete: use sql.SQLite() or sql.MySQL(), or set the fields that type Dialect asks for")

// check returns an error if something is missing.
func (d *Dialect) check() error {
	if d.Name == "" || d.Quote == "" || d.Keep == "" || d.Judge == nil || len(d.Schema) == 0 {
		return errDialect
	}
	return nil
}

// names replaces the names in a text.
func (d *Dialect) names(text, database, table string) string {
	quoted := func(name string) string { return d.Quote + name + d.Quote }
	prefix := ""
	if database != "" {
		prefix = quoted(database) + "."
	}
	return strings.NewReplacer(
		"{table}", prefix+quoted(table),
		"{name}", quoted(table),
		"{index}", prefix+quoted(table+"_subject"),
	).Replace(text)
}

// placeholder returns the placeholder of the nth argument.
func (d *Dialect) placeholder(n int) string {
	if d.Placeholder == nil {
		return "?"
	}
	return d.Placeholder(n)
}
