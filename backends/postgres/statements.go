package postgres

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// statements are the texts of all that is ever sent, for one table.
//
// In all of them an expired row counts as absent, and now() is the server's
// clock when the statement began. Parameters are cast where their type would
// not follow from a column, so that every execution mode of pgx gives the same
// result. A statement that has to wait for another one's change of the row is
// evaluated again with the changed row (read committed). Those that must not be
// carried out twice return a row if they change anything; see change.
//
// filed_at is when the row got its subject: a row that has it already, and the one
// that a rotation puts in its place, keep it. Without a subject it means nothing.
type statements struct {
	read, readData, exists           string
	write, create, swap, cut, remove string
	touch                            string
	rotate, rotateAway               string
	list, revoke                     string
	count, room, lock, stop, trim    string
	walk                             string
	pages, sweep                     string
}

func newStatements(table pgx.Identifier) *statements {
	name := table.Sanitize()
	in := func(sql string) string { return strings.ReplaceAll(sql, "sessions", name) }
	return &statements{
		read: in(`SELECT data, subject, expires_at - now()
FROM sessions WHERE id = $1 AND expires_at > now()`),

		readData: in(`SELECT data FROM sessions WHERE id = $1 AND expires_at > now()`),

		exists: in(`SELECT EXISTS (SELECT FROM sessions WHERE id = $1 AND expires_at > now())`),

		write: in(`INSERT INTO sessions AS stored (id, subject, expires_at, data) VALUES ($1, $2, now() + $3::interval, $4)
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, expires_at = excluded.expires_at, data = excluded.data,
	filed_at = CASE WHEN stored.subject = excluded.subject AND stored.expires_at > now() THEN stored.filed_at ELSE now() END RETURNING 0`),

		create: in(`INSERT INTO sessions AS stored (id, subject, expires_at, data) VALUES ($1, $2, now() + $3::interval, $4)
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, filed_at = now(), expires_at = excluded.expires_at, data = excluded.data
WHERE stored.expires_at <= now() RETURNING 0`),

		// $6 is $2 again, because one parameter would have to have one type.
		swap: in(`UPDATE sessions SET subject = $2, expires_at = now() + $3::interval, data = $4,
	filed_at = CASE WHEN subject = $6 THEN filed_at ELSE now() END
WHERE id = $1 AND data = $5 AND expires_at > now() RETURNING 0`),

		cut: in(`DELETE FROM sessions WHERE id = $1 AND data = $2 AND expires_at > now() RETURNING 0`),

		remove: in(`DELETE FROM sessions WHERE id = $1`),

		// Nobody has to wait for the disk: what a crash can undo of this is half
		// a second of touches. The setting ends with the transaction, which is
		// this statement.
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

		list: in(`SELECT id, data, expires_at - now() FROM sessions WHERE subject = $1 AND expires_at > now()`),

		// The second column is how many rows there were when the statement
		// began and were not deleted by it.
		revoke: in(`WITH seen AS MATERIALIZED (
	SELECT count(*) AS n FROM sessions WHERE subject = $1 AND id <> $2
), revoked AS (
	DELETE FROM sessions WHERE subject = $1 AND id <> $2 RETURNING expires_at > now() AS live
)
SELECT (SELECT count(*) FILTER (WHERE live) FROM revoked), (SELECT n FROM seen) - (SELECT count(*) FROM revoked)`),

		count: in(`SELECT count(*) FROM sessions WHERE subject = $1 AND expires_at > now()`),

		// Those of the transaction that decides for all records of a subject. Its
		// statements see what was committed before them, and have a clock of
		// their own, which has not stood still while it waited for the lock.
		lock: `SELECT pg_advisory_xact_lock($1::bigint)`,

		// Nobody else writes until the transaction ends.
		stop: in(`LOCK TABLE sessions IN SHARE ROW EXCLUSIVE MODE`),

		room: in(`SELECT count(*) FILTER (WHERE id <> $2), coalesce(bool_or(id = $2), false)
FROM sessions WHERE subject = $1 AND expires_at > statement_timestamp()`),

		// The second column is as that of revoke.
		trim: in(`WITH surplus AS MATERIALIZED (
	SELECT id FROM sessions WHERE subject = $1 AND expires_at > statement_timestamp()
	ORDER BY id = $3 DESC, filed_at DESC, id OFFSET $2::bigint
), removed AS (
	DELETE FROM sessions AS stored USING surplus WHERE stored.id = surplus.id AND stored.subject = $1 RETURNING stored.id
)
SELECT ARRAY(SELECT id FROM removed), (SELECT count(*) FROM surplus) - (SELECT count(*) FROM removed)`),

		walk: in(`SELECT id, data, subject, expires_at - now()
FROM sessions WHERE id > $1 AND expires_at > now() ORDER BY id LIMIT $2`),

		pages: `SELECT pg_relation_size($1::text::regclass) / current_setting('block_size')::bigint`,

		// A range of pages costs no more than to read these pages, in order. The
		// array keeps the planner from joining, for which it would read the whole
		// table. Not synchronous, as touch.
		sweep: in(`DELETE FROM sessions WHERE ctid = ANY (ARRAY(
	SELECT ctid FROM sessions
	WHERE ctid >= $1::tid AND ctid < $2::tid AND expires_at <= now() AND id > $3
	AND set_config('synchronous_commit', 'off', true) = 'off'
	FOR UPDATE SKIP LOCKED
))`),
	}
}

// rotateRest creates the record under the new ID if the old one was retired.
//
// That must be both or neither. If the new ID is taken after all, only an error
// undoes the retirement, and a failing cast is one whose text explains itself
// in the server's log and quotes no ID.
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
