package postgres_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// describe tells what a table looks like.
const describe = `SELECT string_agg(line, E'\n' ORDER BY line) FROM (
	SELECT format('%s %s %s %s', attname, format_type(atttypid, atttypmod), attnotnull, attcompression) AS line
	FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0
	UNION ALL SELECT regexp_replace(pg_get_indexdef(indexrelid), ' INDEX \S+ ON \S+', '') FROM pg_index WHERE indrelid = $1::text::regclass
	UNION ALL SELECT format('%s %s', relpersistence, reloptions) FROM pg_class WHERE oid = $1::text::regclass
	UNION ALL SELECT obj_description($1::text::regclass, 'pg_class')
) lines`

func TestMigrateTogether(t *testing.T) {
	for _, pooler := range []bool{false, true} {
		t.Run(fmt.Sprintf("pooler=%v", pooler), func(t *testing.T) {
			url := services.Postgres(t)
			through := url
			if pooler {
				through = services.PgBouncer(t, url, "default_pool_size = 3").URL()
			}
			together(10, func(int) {
				pool := newPool(t, through)
				if err := postgres.Migrate(t.Context(), pool, &postgres.Options{Table: "auth.sessions"}); err != nil {
					t.Error(err)
				}
			})
			d := &database{t: t, pool: newPool(t, url)}
			if n := get[int](d, `SELECT count(*) FROM pg_indexes WHERE schemaname = 'auth'`); n != 2 {
				t.Errorf("got %d indexes, want 2", n)
			}
			if n := get[int](d, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); n != 0 {
				t.Errorf("%d advisory locks are left", n)
			}
		})
	}
}

// TestSchema: Schema, SchemaFor and Migrate make the same table, under whatever
// name.
func TestSchema(t *testing.T) {
	d := &database{t: t, pool: newPool(t, services.Postgres(t))}
	d.sql(postgres.Schema)
	options := &postgres.Options{Table: "Auth.MySessions"}
	sql, err := postgres.SchemaFor(options)
	if err != nil {
		t.Fatal(err)
	}
	d.sql(`CREATE SCHEMA "Auth"`)
	d.sql(sql)
	for _, o := range []*postgres.Options{nil, options, {Table: "third"}, {Table: "fourth.sessions"}} {
		for range 2 {
			if err := postgres.Migrate(t.Context(), d.pool, o); err != nil {
				t.Errorf("%+v: %v", o, err)
			}
		}
	}
	want := get[string](d, describe, "public.sessions")
	for _, table := range []string{`"Auth"."MySessions"`, "third", "fourth.sessions"} {
		if got := get[string](d, describe, table); got != want {
			t.Errorf("%s is\n%s\nand not\n%s", table, got, want)
		}
	}
	for _, part := range []string{"fillfactor=70", "btree (id)", "btree (subject) WHERE (subject IS NOT NULL)", "data bytea t l"} {
		if !strings.Contains(want, part) {
			t.Errorf("%q is not in\n%s", part, want)
		}
	}
	if strings.Contains(want, "(expires_at") {
		t.Errorf("an index covers what a touch changes:\n%s", want)
	}
	if _, err := postgres.SchemaFor(&postgres.Options{Table: "a;b"}); err == nil {
		t.Error("SchemaFor accepts a bad name")
	}
	if err := postgres.Migrate(t.Context(), nil, nil); err == nil {
		t.Error("Migrate accepts no pool")
	}
}

func TestR34_Unlogged(t *testing.T) {
	d := &database{t: t, pool: newPool(t, services.Postgres(t))}
	for table, unlogged := range map[string]bool{"a": true, "b": false} {
		if err := postgres.Migrate(t.Context(), d.pool, &postgres.Options{Table: table, Unlogged: unlogged}); err != nil {
			t.Fatal(err)
		}
		if got := get[bool](d, `SELECT relpersistence = 'u' FROM pg_class WHERE oid = $1::text::regclass`, table); got != unlogged {
			t.Errorf("unlogged: got %v, want %v", got, unlogged)
		}
	}
}

// TestE10_UnloggedAfterACrash: after a crash an UNLOGGED table is empty, as its
// documentation says, and another one has everything that was acknowledged.
func TestE10_UnloggedAfterACrash(t *testing.T) {
	server := services.PostgresServer(t, services.PostgresOptions{})
	const records = 100
	for _, unlogged := range []bool{true, false} {
		options := &postgres.Options{Table: fmt.Sprint("unlogged_", unlogged), Unlogged: unlogged, SweepEvery: never}
		b := postgres.New(newPool(t, server.URL()), options)
		defer b.Close()
		if err := b.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range records {
			if _, err := b.Write(t.Context(), id(i), record("data", "alice")); err != nil {
				t.Fatal(err)
			}
		}
		if err := server.Restart(); err != nil { // killed, not stopped
			t.Fatal(err)
		}
		want := records
		if unlogged {
			want = 0
		}
		if n := count(t, b, "alice"); n != want {
			t.Errorf("unlogged %v: %d records are left; want %d", unlogged, n, want)
		}
		if _, err := b.Write(t.Context(), "after", record("data", "")); err != nil {
			t.Errorf("unlogged %v: %v", unlogged, err)
		}
	}
}

// TestPATH4_TableNames: names of tables are refused unless they are plain,
// before anything is sent, and they are quoted: none is taken for SQL.
func TestPATH4_TableNames(t *testing.T) {
	nowhere := newPool(t, "postgres://nobody@127.0.0.1:1/none")
	long := strings.Repeat("a", 63)
	for _, name := range []string{
		"a.b.c", "a.", ".a", ".", "1a", "a.1", " a", "a b", "a\n", "a\x00", "a-b", "a$", `a"b`, `"a"`, "a'b", "a;b", "a--", "a/**/", "a(b)", "a,b",
		"sessions; DROP TABLE users; --", `x" WHERE true; --`, "sitzungsschlüssel", "ѕessions", long + "a", "a." + long + "a",
	} {
		options := &postgres.Options{Table: name, SweepEvery: never}
		b := postgres.New(nowhere, options)
		_, schema := postgres.SchemaFor(options)
		for i, err := range []error{b.Describe().Err, postgres.Migrate(t.Context(), nowhere, options), schema} {
			if err == nil || !strings.Contains(err.Error(), "Options.Table must be") {
				t.Errorf("%q, %d: got %v, want one that names Options.Table", name, i, err)
			}
		}
		b.Close()
	}
	d := open(t)
	d.write("bystander", "data", "")
	for _, name := range []string{"user", "Select", "_", "Sessions", "order.table", "Public.sessions", long + "." + long} {
		b := postgres.New(d.pool, &postgres.Options{Table: name, SweepEvery: never})
		if err := b.Migrate(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := useAll(t, b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		b.Close()
	}
	if got := d.data("bystander"); got != "data" {
		t.Errorf("the table of another name holds %q", got)
	}
}

func TestMigrateLeavesOtherTablesAlone(t *testing.T) {
	d := &database{t: t, pool: newPool(t, services.Postgres(t))}
	d.sql(`CREATE TABLE sessions (token text PRIMARY KEY, data bytea NOT NULL, expiry timestamptz NOT NULL)`)
	err := postgres.Migrate(t.Context(), d.pool, nil)
	if err == nil || !strings.Contains(err.Error(), "Options.Table") {
		t.Errorf("another library's table: got %v", err)
	}
	d.sql(`DROP TABLE sessions`)
	d.sql(strings.ReplaceAll(postgres.Schema, "schema 1", "schema 2"))
	d.sql(`ALTER TABLE sessions ADD COLUMN later int`)
	if err := postgres.Migrate(t.Context(), d.pool, nil); err != nil {
		t.Errorf("a later version's table: got %v", err)
	}
	b := postgres.New(d.pool, &postgres.Options{SweepEvery: never})
	defer b.Close()
	if _, err := b.Write(t.Context(), "id", record("data", "")); err != nil {
		t.Errorf("a later version's table: got %v", err)
	}
}

// TestRoles: a role needs CREATE on the schema to make the table, nothing to
// find that it exists, and the four common privileges to work with it.
func TestRoles(t *testing.T) {
	admin := services.Postgres(t)
	d := &database{t: t, pool: newPool(t, admin)}
	owner, app := services.Unique("owner"), services.Unique("app")
	as := func(role string) string {
		u, err := url.Parse(admin)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.User(role)
		return u.String()
	}
	for _, role := range []string{owner, app} {
		d.sql(`CREATE ROLE ` + role + ` LOGIN`)
		t.Cleanup(func() {
			pool := newPool(t, admin)
			pool.Exec(t.Context(), `DROP OWNED BY `+role)
			pool.Exec(t.Context(), `DROP ROLE `+role)
		})
	}
	d.sql(`CREATE SCHEMA auth`)
	d.sql(`GRANT USAGE, CREATE ON SCHEMA auth TO ` + owner)
	d.sql(`GRANT USAGE ON SCHEMA auth TO ` + app)
	options := &postgres.Options{Table: "auth.sessions", SweepEvery: never}

	ownerPool, appPool := newPool(t, as(owner)), newPool(t, as(app))
	if err := postgres.Migrate(t.Context(), appPool, options); code(err) != "42501" {
		t.Errorf("a role without CREATE: got %v, want insufficient privilege", err)
	}
	if err := postgres.Migrate(t.Context(), ownerPool, options); err != nil {
		t.Fatal(err)
	}
	if _, err := ownerPool.Exec(t.Context(), `GRANT SELECT, INSERT, UPDATE, DELETE ON auth.sessions TO `+app); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Migrate(t.Context(), appPool, options); err != nil {
		t.Errorf("nothing to do: got %v", err)
	}
	b := postgres.New(appPool, options)
	defer b.Close()
	if err := useAll(t, b); err != nil {
		t.Errorf("with the four privileges: %v", err)
	}
}

// useAll carries out every operation once.
func useAll(t *testing.T, b *postgres.Backend) error {
	ctx := t.Context()
	_, write := b.Write(ctx, "id", record("a", "alice"))
	_, read := b.Read(ctx, "id")
	_, exists := b.Exists(ctx, "id")
	_, touch := b.Touch(ctx, "id", time.Hour)
	swap := b.Swap(ctx, "id", []byte("a"), record("b", "alice"))
	create := b.Swap(ctx, "other", nil, record("b", "alice"))
	rotate := b.Rotate(ctx, "id", []byte("b"), record("m", ""), "new", record("c", "alice"))
	away := b.Rotate(ctx, "new", []byte("c"), record("", ""), "newer", record("d", "alice"))
	_, list := b.ListSubject(ctx, "alice")
	walked := 0
	walk := b.Walk(ctx, func(backends.Entry) error { walked++; return nil })
	_, revoke := b.RevokeSubject(ctx, "alice", "other")
	_, sweep := b.Sweep(ctx)
	cut := b.Swap(ctx, "other", []byte("b"), record("", ""))
	remove := b.Remove(ctx, "id")
	err := errors.Join(write, read, exists, touch, swap, create, rotate, away, list, walk, revoke, sweep, cut, remove)
	if err == nil && walked != 3 {
		err = fmt.Errorf("walked %d records, want 3", walked)
	}
	return err
}

func code(err error) string {
	var e *pgconn.PgError
	errors.As(err, &e)
	if e == nil {
		return ""
	}
	return e.Code
}

// TestIsolationLevels: the default isolation level of a database is the
// administrator's choice.
func TestIsolationLevels(t *testing.T) {
	for _, level := range []string{"repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			admin := services.Postgres(t)
			d := openURL(t, services.With(t, admin, "default_transaction_isolation="+level), admin)
			if err := useAll(t, d.Backend); err != nil {
				t.Error(err)
			}
			d.write("hot", "0", "alice")
			together(4, func(int) {
				for range 10 {
					if _, err := d.Touch(t.Context(), "hot", time.Hour); err != nil {
						t.Error(err)
					}
				}
			})
			together(8, func(int) {
				for range 20 {
					r, err := d.Read(t.Context(), "hot")
					if err != nil {
						t.Error(err)
						return
					}
					if err := d.Swap(t.Context(), "hot", r.Data, record(string(r.Data)+"+", "alice")); err != nil && code(err) != "" {
						t.Errorf("want a conflict, got %v", err)
					}
				}
			})
			together(10, func(int) {
				if err := postgres.Migrate(t.Context(), newPool(t, d.url), &postgres.Options{Table: "another"}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
