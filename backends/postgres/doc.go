// Package postgres keeps sessions in PostgreSQL, version 14 or later, through a
// [pgxpool.Pool].
//
// Reading a session is one statement and so is committing one; both run by
// themselves, outside of any transaction block. What decides between two
// requests that change the same session is the row: an update names the data
// that it replaces, so one of the two finds nothing to update and is told so.
//
// # Setting up
//
// [Migrate] creates the table, and brings it up to date after this package
// changed it. Any number of instances may call it at once, and a role without
// the right to create tables may call it when there is nothing to do. Those
// who keep their migrations elsewhere find the statements in [Schema]. [Backend.Check] tries
// at a program's start all that the backend needs.
//
// # Time
//
// What has expired is absent, by the clock of the database server and no
// other. [Record.TTL] is a duration, so clocks of the machines that run the
// program do not matter.
//
// Expired rows are deleted in the background, in small batches, by one of the
// instances at a time; reads never depend on it. [Backend.Close] ends that.
//
// # PgBouncer
//
// No session state is used, so transaction pooling is fine. Statements are
// prepared by default, which halves the work of the server. A pooler that does
// not know prepared statements (PgBouncer before 1.21, or with
// max_prepared_statements = 0) shows itself by an error that says that
// nothing was executed: the statement is then sent again unprepared, and so are
// all later ones. To spare the server even those few errors, put
// default_query_exec_mode=cache_describe in the connection URL.
//
// [Record.TTL]: https://pkg.go.dev/github.com/gosessions/sessions#Record
package postgres
