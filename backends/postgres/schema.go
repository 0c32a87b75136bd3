package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Schema is what [Migrate] executes in an empty database, for the default
// table name; [SchemaFor] is the same for other names.
//
// IDs and subjects are bytea: they are compared byte for byte, whatever the
// database's encoding and collation, and an upgrade of the operating system's
// collations cannot corrupt the index. No index covers expires_at or data, and
// a part of each page stays free: so a new version of a row fits beside the
// old one and no index has to be told (a HOT update). LZ4 compresses large
// sessions in a third of the time; a server that was built without it keeps the
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

// comment is how a table says that it is ours, and of which version. A comment
// survives what empties the table, and is dumped and restored with it.
const comment = "github.com/gosessions/sessions, schema %d"

// migrations[n-1] leads from version n to version n+1. Like Schema they name
// the default table.
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

// render puts the table's name, and whether it is logged, into statements.
func (o Options) render(statements string, table pgx.Identifier) string {
	if o.Unlogged {
		statements = strings.ReplaceAll(statements, "CREATE TABLE", "CREATE UNLOGGED TABLE")
	}
	return strings.ReplaceAll(statements, `"public"."sessions"`, table.Sanitize())
}

// Migrate creates the table of options, and its schema, where they do not
// exist, and brings an older table up to date. It is safe to call from any
// number of instances at once, also through PgBouncer.
//
// Where nothing is to be done it changes and locks nothing, and so needs no
// more than the right to connect. To create the table a role needs CREATE on
// its schema, and to create the schema CREATE on the database. A table that is
// of a later version is left alone.
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
	// Read committed, whatever the server's default: after it waited for the
	// lock, the transaction must see what the holder before it did.
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
	// CREATE SCHEMA IF NOT EXISTS would ask for the right to create one even
	// where it exists.
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

// currentVersion returns 0 where the table does not exist.
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
