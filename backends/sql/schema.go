package sql

import (
	"context"
	"fmt"
	"strings"
)

// Schema returns the SQL that [Backend.Migrate] executes in an empty database,
// for the default table name. [SchemaFor] returns it for other names.
func Schema(dialect Dialect) (string, error) { return SchemaFor(dialect, nil) }

// SchemaFor returns the statements that create the table of options:
//
//	id         the session's ID as the middleware passes it, in bytes
//	subject    the owner, in bytes, or NULL; indexed
//	filed_at   since when the row has its subject, in microseconds since 1970
//	expires_at from when on the row counts as absent, likewise
//	revision   counts the changes of the row
//	data       the record, in bytes
//
// It returns an error for an incomplete dialect or an invalid name.
func SchemaFor(dialect Dialect, options *Options) (string, error) {
	if err := dialect.check(); err != nil {
		return "", err
	}
	database, table, err := options.value().table()
	if err != nil {
		return "", err
	}
	return dialect.names(strings.Join(dialect.Schema, ";\n\n")+";\n", database, table), nil
}

// Migrate creates the table if it does not exist. Any number of instances may
// call it at once. If there is nothing to do, it changes and locks nothing, and
// needs only the right to read the table.
//
// It returns an error if there is a table of that name with other columns.
func (b *Backend) Migrate(ctx context.Context) error {
	if err := b.Describe().Err; err != nil {
		return err
	}
	database, table, err := b.options.table()
	if err != nil {
		return err
	}
	probe := b.dialect.names(`SELECT id, subject, filed_at, expires_at, revision, data FROM {table} WHERE 1 = 0`, database, table)
	look := func() error {
		return b.do(ctx, repeatable, func() error {
			rows, err := b.db.QueryContext(ctx, probe)
			if err != nil {
				return err
			}
			return each(rows, func(scanner) error { return nil })
		})
	}
	if look() == nil {
		return nil
	}
	// In one transaction, so that there is never a table without its index. Where
	// each such statement is a transaction of its own, the table has to be one.
	err = b.do(ctx, repeatable, func() error {
		tx, err := b.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		for _, statement := range b.dialect.Schema {
			if _, err := tx.ExecContext(ctx, b.dialect.names(statement, database, table)); err != nil {
				return err
			}
		}
		return tx.Commit()
	})
	if err == nil {
		err = look()
	}
	if err == nil {
		return nil
	}
	// Something else may have the name.
	var n int
	any := b.dialect.names(`SELECT COUNT(*) FROM {table} WHERE 1 = 0`, database, table)
	if b.db.QueryRowContext(ctx, any).Scan(&n) == nil && look() != nil {
		return fmt.Errorf("sql: %s exists and is not a table of sessions: choose another Options.Table, or move that table away: %w", table, err)
	}
	return err
}
