package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Schema is the SQL that [Migrate] executes in an empty database, for the
// default table name. [SchemaFor] returns it for other names.
//
// IDs and subjects are bytea, so they are compared byte by byte whatever the
// database's encoding and collation, and an upgrade of the operating system's
// collations cannot corrupt the index. No index covers expires_at or data, and
// a part of each page stays free, so the new version of a row fits beside the
// old one and no index has to change (a HOT update). LZ4 compresses large
// sessions in a third of the time; a server that was built without it keeps its
// default.
const Schema = `CREATE TABLE "public"."sessions" (
	id         bytea       PRIMARY KEY,
	subject    bytea,
	filed_at   timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	data       bytea       NOT NULL
) WITH (
	fillfactor = 70,
	autovacuum_vacuum_scale_factor = 0.02,
	toast.autovacuum_vacuum_scale_factor = 0.02
);

CREATE INDEX ON "public"."sessions" (subject) WHERE subject IS NOT NULL;

DO $$ BEGIN
	ALTER TABLE "public"."sessions" ALTER COLUMN data SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
	NULL;
END $$;

COMMENT ON TABLE "public"."sessions" IS 'github.com/gosessions/sessions, schema 1';
`

// version is the version of Schema. A later version adds an entry to
// migrations, and must leave a table that programs of the version before can
// still use, because instances are replaced one by one.
const version = 1

// comment marks a table as this package's, with its version. A table's comment
// survives when the table is emptied, and is dumped and restored with it.
const comment = "github.com/gosessions/sessions, schema %d"

// migrations[n-1] upgrades version n to version n+1. Like Schema, the
// migrations name the default table.
var migrations = [version - 1]string{}

// SchemaFor returns Schema for the table of options.
func SchemaFor(options *Options) (string, error) {
	o := options.value()
	table, err := o.table()
	if err != nil {
		return "", err
	}
	return o.render(Schema, table), nil
}

// render inserts the table's name into statements, and whether it is logged.
func (o Options) render(statements string, table pgx.Identifier) string {
	if o.Unlogged {
		statements = strings.ReplaceAll(statements, "CREATE TABLE", "CREATE UNLOGGED TABLE")
	}
	return strings.ReplaceAll(statements, `"public"."sessions"`, table.Sanitize())
}

// Migrate creates the table of options and its schema if they do not exist, and
// upgrades an older table. Any number of instances may call it at once, even
// through PgBouncer.
//
// If there is nothing to do, it changes and locks nothing, and needs only the
// right to connect. To create the table, the role needs CREATE on its schema;
// to create the schema, it needs CREATE on the database. Migrate leaves a table
// of a later version alone.
func Migrate(ctx context.Context, pool *pgxpool.Pool, options *Options) error {
	if pool == nil {
		return errNoPool
	}
	o := options.value()
	table, err := o.table()
	if err != nil {
		return err
	}
	have, err := currentVersion(ctx, pool, table)
	if err != nil || have >= version {
		return err
	}
	// The isolation level is read committed, whatever the server's default:
	// once it has the lock, the transaction must see what the previous holder
	// changed.
	return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('github.com/gosessions/sessions', 0))`); err != nil {
			return err
		}
		have, err := currentVersion(ctx, tx, table)
		if err != nil || have >= version {
			return err
		}
		if have == 0 {
			return o.create(ctx, tx, table)
		}
		for n := have; n < version; n++ {
			if _, err := tx.Exec(ctx, o.render(migrations[n-1], table)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (o Options) create(ctx context.Context, tx pgx.Tx, table pgx.Identifier) error {
	// CREATE SCHEMA IF NOT EXISTS would need the right to create a schema even
	// if it exists.
	var exists bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`, pgx.QueryExecModeExec, table[0]).Scan(&exists)
	if err != nil {
		return err
	}
	if !exists {
		if _, err := tx.Exec(ctx, "CREATE SCHEMA "+table[:1].Sanitize()); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, o.render(Schema, table))
	return err
}

// currentVersion returns the table's version, or 0 if the table does not exist.
func currentVersion(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}, table pgx.Identifier) (int, error) {
	var text string
	// Not prepared: the next statement may go to another server connection.
	err := db.QueryRow(ctx, `SELECT coalesce(obj_description(c.oid, 'pg_class'), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2`, pgx.QueryExecModeExec, table[0], table[1]).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var n int
	if _, err := fmt.Sscanf(text, comment, &n); err != nil || n < 1 {
		return 0, fmt.Errorf("postgres: %s exists and is not a table of sessions: its comment is not %q; choose another Options.Table, or restore the comment if it was lost", table.Sanitize(), fmt.Sprintf(comment, version))
	}
	return n, nil
}
