// Package sql keeps sessions in a table of a database that package
// [database/sql] can use: SQLite, MySQL, MariaDB, and others for which someone
// writes a [Dialect]. It imports no driver; the program does.
//
//	db, err := sql.Open("mysql", dsn)                           // database/sql
//	backend := sessionsql.New(db, sessionsql.MySQL(), nil)      // this package
//
// For SQLite, module [github.com/gosessions/sessions/backends/sqlite] brings a
// driver without cgo, and needs only the name of a file.
//
// Reading a session takes one statement, and so does committing one. If two
// requests change the same session, the row decides: an update names the data
// that it replaces, so one of the two changes no row and reports a conflict.
//
// # Setting up
//
// [Backend.Migrate] creates the table. Any number of instances may call it at
// once, and a role without the right to create tables may call it when there is
// nothing to do. If you keep your migrations elsewhere, [Schema] has the
// statements. [Backend.Check] tries everything that the backend needs, for a
// program's start.
//
// # Settings of the driver
//
// No setting of the driver changes the result. Every update changes its row, so
// clientFoundRows of MySQL's driver does not matter; times are integers, so
// parseTime and time zones do not matter; keys and data are bytes, so character
// sets and collations do not matter.
//
// # Time
//
// In MySQL and MariaDB, only the clock of the server decides when a record
// expires. In SQLite it is the clock of the machine, which all processes that
// use the file share. Record.TTL is a duration in both cases. Times are
// microseconds since 1970.
//
// One instance at a time deletes expired rows in the background, in small
// batches, until [Backend.Close]. Reads treat an expired row as absent whether
// or not it has been deleted.
package sql
