package sql

import "database/sql"

// MySQL returns the dialect of MySQL 8.0 or later and MariaDB 10.6 or later, with
// any driver whose errors have a field Number, as those of
// github.com/go-sql-driver/mysql have.
func MySQL() Dialect {
	return Dialect{
		Name:  "MySQL",
		Quote: "`",
		// All keys are binary: an ordinary collation would take ada, Ada and
		// àda for the same owner. DYNAMIC keeps large data out of the pages that
		// a sweep reads, and allows keys of this length.
		Schema: []string{"CREATE TABLE IF NOT EXISTS {table} (\n" +
			"\tid         VARBINARY(1024) NOT NULL PRIMARY KEY,\n" +
			"\tsubject    VARBINARY(1024),\n" +
			"\tfiled_at   BIGINT          NOT NULL,\n" +
			"\texpires_at BIGINT          NOT NULL,\n" +
			"\trevision   BIGINT          NOT NULL,\n" +
			"\tdata       LONGBLOB        NOT NULL,\n" +
			"\tINDEX subject (subject)\n" +
			") ENGINE = InnoDB ROW_FORMAT = DYNAMIC"},
		// UNIX_TIMESTAMP(NOW(6)) would be wrong by an hour when summer ends.
		Now: "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
		// An INSERT that changes nothing would report 0 rows or 1, depending on
		// a flag of the connection. This one reports 2.
		Keep:      "ON DUPLICATE KEY UPDATE revision = {table}.revision + 1",
		ForUpdate: "FOR UPDATE",
		// Less than that would not lock the gaps into which rows are inserted.
		Isolation: sql.LevelRepeatableRead,
		// Half of the 16 MiB that MariaDB allows a statement, less a margin.
		MaxSize: 8<<20 - 64<<10,
		Limit:   "SELECT @@max_allowed_packet",
		Judge:   judgeMySQL,
	}
}

// mysqlErrors are the errors that say something. An error that is not here
// leaves the outcome open, because some come after the commit (a connection that
// was killed, a shutdown), and proxies have numbers of their own.
var mysqlErrors = map[int64]Verdict{
	1020: {Again: true}, // the row changed since the snapshot: innodb_snapshot_isolation
	1205: {Again: true, Remedy: "another transaction keeps a lock for longer than innodb_lock_wait_timeout: look for it in SHOW PROCESSLIST"},
	1213: {Again: true}, // chosen to end a deadlock
	1615: {Again: true}, // the statement has to be prepared again

	1021: {Remedy: "the server's disk is full: make room"},
	1114: {Remedy: "the table is full: make room on the server's disk, or raise the limit of its tablespace"},
	1040: {Remedy: "the server has no connection left: raise max_connections, or lower SetMaxOpenConns"},
	1203: {Remedy: "the user has no connection left: raise max_user_connections, or lower SetMaxOpenConns"},
	1226: {Remedy: "the user has used up a limit of the server"},
	1461: {Remedy: "the server has too many prepared statements: raise max_prepared_stmt_count"},
	1044: {Remedy: grantRemedy}, 1045: {Remedy: userRemedy}, 1698: {Remedy: userRemedy},
	1049: {Remedy: "the database does not exist: create it"},
	1142: {Remedy: grantRemedy}, 1143: {Remedy: grantRemedy},
	1054: {Remedy: migrateRemedy}, 1146: {Remedy: migrateRemedy},
	1153: {TooLarge: true, Remedy: "raise max_allowed_packet of the server to more than twice Options.MaxSize"},
	1406: {TooLarge: true, Remedy: "the column data must be a LONGBLOB, and id and subject VARBINARY(1024)"},
	1290: {Remedy: readOnlyRemedy}, 1792: {Remedy: readOnlyRemedy}, 1836: {Remedy: readOnlyRemedy},

	1062: {Secret: true, Remedy: "a unique index refuses the row (error 1062): make the table as Schema says"},
	1366: {Secret: true, Remedy: "a column refuses the bytes (error 1366): make the table as Schema says"},

	1048: {}, 1064: {}, 1264: {}, 1364: {}, 3819: {}, 4025: {}, // the table or its constraints refuse the row
	4031: {}, // the connection had ended before the statement came
	1243: {}, // a proxy has changed the connection, on which the statement was not prepared
	1047: {}, // a node of Galera that is not part of the cluster at the moment
}

const (
	grantRemedy    = "the user lacks a right on the table: GRANT it SELECT, INSERT, UPDATE and DELETE"
	migrateRemedy  = "the table does not exist as this version needs it: call Backend.Migrate when the program starts, or check Options.Table"
	userRemedy     = "the server refuses the user or the password"
	readOnlyRemedy = "the server is read-only: connect to the one that can be written to"
)

// judgeMySQL goes by the number of the server's error.
func judgeMySQL(err error) Verdict {
	n, ok := find(err, func(err error) (int64, bool) {
		if n, ok := field(err, "Number"); ok {
			return n, n != 0
		}
		return 0, false
	})
	if !ok {
		return Verdict{}
	}
	v, known := mysqlErrors[n]
	v.Answered, v.Undone = true, known
	return v
}
