// Package postgres keeps sessions in PostgreSQL, version 14 or later, through a
// [pgxpool.Pool].
//
// Reading a session takes one statement, and so does committing one. Both run
// outside of any transaction block. If two requests change the same session,
// the row decides: an update names the data that it replaces, so one of the two
// finds nothing to update and reports a conflict.
//
// While all connections of the pool are in use, the reads that wait for one go out
// as one statement, and so do the commits. Each call keeps its own outcome and its own
// context.
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
// Only the clock of the database server decides when a record expires.
// Record.TTL is a duration, so the clocks of the machines that run the program
// do not matter.
//
// One instance at a time deletes expired rows in the background, in small
// batches, until [Backend.Close]. Reads treat an expired row as absent whether
// or not it has been deleted.
//
// # PgBouncer
//
// The package uses no state of a connection's session, so transaction pooling
// works. Statements are prepared by default, which halves the work of the
// server. A pooler without support for prepared statements (PgBouncer before
// 1.21, or with max_prepared_statements = 0) returns an error that means that
// nothing was executed. The package then sends the statement again, unprepared,
// and no longer prepares later ones. To avoid even these few errors, put
// default_query_exec_mode=cache_describe in the connection URL.
package postgres
