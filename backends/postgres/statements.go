package postgres

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// statements are all SQL statements that a backend sends, for one table.
//
// In all of them an expired row counts as absent, and now() is the server's
// time at the beginning of the statement. A parameter is cast if its type does
// not follow from a column, so that every execution mode of pgx gives the same
// result. A statement that waits for a concurrent change of a row is evaluated
// again with the changed row (read committed). A statement that must not be
// carried out twice returns a row if it changes anything; see change.
//
// Results in text depend on bytea_output and IntervalStyle, which a role may have set:
// for execution modes with such results, the statements return bytes as hexadecimal
// digits and what is left of a life as nanoseconds. See [statements.bytes]. The cast
// is for a table whose columns were altered.
//
// filed_at is when the row got its subject: a row that has it already, and the one
// that a rotation puts in its place, keep it. Without a subject it means nothing.
type statements struct {
	text bool // for execution modes whose results are text

	read, readData, exists           string
	readMany, readDataMany, swapMany string
	write, create, swap, cut, remove string
	touch                            string
	rotate, rotateAway               string
	list, revoke                     string
	count, room, lock, stop, trim    string
	walk                             string
	pages, sweep                     string
}

func newStatements(table pgx.Identifier, text bool) *statements {
	name := table.Sanitize()
	in := func(sql string) string {
		if text {
			sql = inText.Replace(sql)
		}
		return strings.ReplaceAll(inBinary.Replace(sql), "sessions", name)
	}
	return &statements{
		text: text,

		read: in(`SELECT {data}, {subject}, {left}
FROM sessions WHERE id = $1 AND expires_at > now()`),

		readData: in(`SELECT {data} FROM sessions WHERE id = $1 AND expires_at > now()`),

		// For the reads of many callers. Results are never in text here.
		readMany: in(`SELECT id, data, subject, expires_at - now()
FROM sessions WHERE id = ANY ($1::bytea[]) AND expires_at > now()`),

		readDataMany: in(`SELECT id, data FROM sessions WHERE id = ANY ($1::bytea[]) AND expires_at > now()`),

		// Like swap, for many records, in one transaction. It changes what it could
		// lock at once, and returns the IDs. Other rows are locked by other
		// transactions, do not match, or have been touched since the statement began:
		// its snapshot does not have the place that they have now.
		swapMany: in(`UPDATE sessions AS stored SET subject = new.subject, expires_at = now() + new.life, data = new.data,
	filed_at = CASE WHEN stored.subject = new.subject THEN stored.filed_at ELSE now() END
FROM (
	SELECT each.*, free.place FROM unnest($1::bytea[], $2::bytea[], $3::interval[], $4::bytea[], $5::bytea[]) AS each (id, subject, life, data, old)
	CROSS JOIN LATERAL (
		SELECT ctid AS place FROM sessions WHERE id = each.id AND data = each.old AND expires_at > now()
		FOR NO KEY UPDATE SKIP LOCKED
	) AS free
) AS new
WHERE stored.ctid = new.place AND stored.id = new.id RETURNING new.id`),

		exists: in(`SELECT EXISTS (SELECT FROM sessions WHERE id = $1 AND expires_at > now())`),

		write: in(`INSERT INTO sessions AS stored (id, subject, expires_at, data) VALUES ($1, $2, now() + $3::interval, $4)
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, expires_at = excluded.expires_at, data = excluded.data,
	filed_at = CASE WHEN stored.subject = excluded.subject AND stored.expires_at > now() THEN stored.filed_at ELSE now() END RETURNING 0`),

		create: in(`INSERT INTO sessions AS stored (id, subject, expires_at, data) VALUES ($1, $2, now() + $3::interval, $4)
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, filed_at = now(), expires_at = excluded.expires_at, data = excluded.data
WHERE stored.expires_at <= now() RETURNING 0`),

		// $6 has the value of $2, because one parameter can have only one type.
		swap: in(`UPDATE sessions SET subject = $2, expires_at = now() + $3::interval, data = $4,
	filed_at = CASE WHEN subject = $6 THEN filed_at ELSE now() END
WHERE id = $1 AND data = $5 AND expires_at > now() RETURNING 0`),

		cut: in(`DELETE FROM sessions WHERE id = $1 AND data = $2 AND expires_at > now() RETURNING 0`),

		remove: in(`DELETE FROM sessions WHERE id = $1`),

		// Do not wait for the disk: a crash can undo no more than half a second
		// of touches. The setting ends with the transaction, which is this
		// statement.
		touch: in(`UPDATE sessions SET expires_at = now() + $2::interval
WHERE id = $1 AND expires_at > now() AND set_config('synchronous_commit', 'off', true) = 'off'`),

		rotate: in(`WITH retired AS (
	UPDATE sessions SET subject = $7, expires_at = now() + $8::interval, data = $9,
		filed_at = CASE WHEN subject = $4 THEN filed_at ELSE now() END
	WHERE id = $1 AND data = $2 AND expires_at > now() RETURNING filed_at
)` + rotateRest),

		rotateAway: in(`WITH retired AS (
	DELETE FROM sessions WHERE id = $1 AND data = $2 AND expires_at > now()
	RETURNING CASE WHEN subject = $4 THEN filed_at ELSE now() END AS filed_at
)` + rotateRest),

		list: in(`SELECT {id}, {data}, {left} FROM sessions WHERE subject = $1 AND expires_at > now()`),

		// The second column counts the rows that existed when the statement
		// began and that it did not delete.
		revoke: in(`WITH seen AS MATERIALIZED (
	SELECT count(*) AS n FROM sessions WHERE subject = $1 AND id <> $2
), revoked AS (
	DELETE FROM sessions WHERE subject = $1 AND id <> $2 RETURNING expires_at > now() AS live
)
SELECT (SELECT count(*) FILTER (WHERE live) FROM revoked), (SELECT n FROM seen) - (SELECT count(*) FROM revoked)`),

		count: in(`SELECT count(*) FROM sessions WHERE subject = $1 AND expires_at > now()`),

		// The statements of the transaction that decides about all records of a
		// subject. Each of them sees what was committed before it. They use
		// statement_timestamp() and not now(), which would be the time before
		// the transaction waited for the lock.
		lock: `SELECT pg_advisory_xact_lock($1::bigint)`,

		// Nobody else writes until the transaction ends.
		stop: in(`LOCK TABLE sessions IN SHARE ROW EXCLUSIVE MODE`),

		room: in(`SELECT count(*) FILTER (WHERE id <> $2), coalesce(bool_or(id = $2), false)
FROM sessions WHERE subject = $1 AND expires_at > statement_timestamp()`),

		// The second column is the same as in revoke.
		trim: in(`WITH surplus AS MATERIALIZED (
	SELECT id FROM sessions WHERE subject = $1 AND expires_at > statement_timestamp()
	ORDER BY id = $3 DESC, filed_at DESC, id OFFSET $2::bigint
), removed AS (
	DELETE FROM sessions AS stored USING surplus WHERE stored.id = surplus.id AND stored.subject = $1 RETURNING stored.id
)
SELECT ARRAY(SELECT encode(id::bytea, 'hex') FROM removed), (SELECT count(*) FROM surplus) - (SELECT count(*) FROM removed)`),

		walk: in(`SELECT {id}, {data}, {subject}, {left}
FROM sessions WHERE id > $1 AND expires_at > now() ORDER BY id LIMIT $2`),

		pages: `SELECT pg_relation_size($1::text::regclass) / current_setting('block_size')::bigint`,

		// A range of pages costs only the sequential read of these pages. The
		// array keeps the planner from a join, which would read the whole
		// table. Like touch, this does not wait for the disk.
		sweep: in(`DELETE FROM sessions WHERE ctid = ANY (ARRAY(
	SELECT ctid FROM sessions
	WHERE ctid >= $1::tid AND ctid < $2::tid AND expires_at <= now() AND id > $3
	AND set_config('synchronous_commit', 'off', true) = 'off'
	FOR UPDATE SKIP LOCKED
))`),
	}
}

// What a statement returns, in the two kinds of execution modes.
var (
	inBinary = strings.NewReplacer("{id}", "id", "{data}", "data", "{subject}", "subject", "{left}", "expires_at - now()")
	inText   = strings.NewReplacer("{id}", "encode(id::bytea, 'hex')", "{data}", "encode(data::bytea, 'hex')", "{subject}", "encode(subject::bytea, 'hex')",
		"{left}", "(extract(epoch FROM expires_at - now()) * 1000000000)::bigint")
)

// rotateRest creates the record under the new ID if the old one was retired.
//
// Both must happen or neither. If the new ID turns out to be taken, only an
// error undoes the retirement. A failing cast is an error whose text explains
// itself in the server's log and does not quote an ID.
const rotateRest = `, created AS (
	INSERT INTO sessions AS stored (id, subject, filed_at, expires_at, data)
	SELECT $3::bytea, $4::bytea, filed_at, now() + $5::interval, $6::bytea FROM retired
	ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, filed_at = excluded.filed_at,
		expires_at = excluded.expires_at, data = excluded.data
	WHERE stored.expires_at <= now() RETURNING 1
)
SELECT CASE
	WHEN EXISTS (SELECT FROM created) THEN 0
	WHEN EXISTS (SELECT FROM retired) THEN CAST(CASE WHEN EXISTS (SELECT FROM created) THEN '0' ELSE 'the new session ID is taken' END AS int)
	WHEN EXISTS (SELECT FROM sessions WHERE id = $1 AND expires_at > now()) THEN 1
	ELSE 2
END`
