package sql_test

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/sql"
)

// down is a database that cannot be reached.
type down struct{}

var errDown = errors.New("nobody there")

func (down) Connect(context.Context) (driver.Conn, error) { return nil, errDown }
func (down) Driver() driver.Driver                        { return nil }

// TestWrongArguments: the middleware's constructor and every method say what is
// wrong with the arguments of New.
func TestWrongArguments(t *testing.T) {
	db := stdsql.OpenDB(down{})
	defer db.Close()
	for _, tt := range []struct {
		name    string
		db      *stdsql.DB
		dialect sql.Dialect
		options *sql.Options
		want    string
	}{
		{"good", db, sql.MySQL(), nil, ""},
		{"good names", db, sql.SQLite(), &sql.Options{Table: "Auth_2.Web_Sessions"}, ""},
		{"no database", nil, sql.MySQL(), nil, "the database is nil"},
		{"no dialect", db, sql.Dialect{}, nil, "sql.SQLite() or sql.MySQL()"},
		{"quote", db, sql.MySQL(), &sql.Options{Table: "a`b"}, "Options.Table"},
		{"two points", db, sql.MySQL(), &sql.Options{Table: "a.b.c"}, "Options.Table"},
		{"no table", db, sql.MySQL(), &sql.Options{Table: "a."}, "Options.Table"},
		{"size", db, sql.MySQL(), &sql.Options{MaxSize: -1}, "Options.MaxSize"},
		{"interval", db, sql.MySQL(), &sql.Options{SweepEvery: 300}, "Options.SweepEvery"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := sql.New(tt.db, tt.dialect, tt.options)
			defer b.Close()
			err := backends.Describe(b).Err
			if tt.want == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "sql: ") {
				t.Fatalf("got %v, want one that names %s", err, tt.want)
			}
			if _, got := sessions.New(b, nil); got == nil || !strings.Contains(got.Error(), tt.want) {
				t.Errorf("the middleware says %v", got)
			}
			everyMethod(t, b, err)
		})
	}
}

// everyMethod wants an error from all methods.
func everyMethod(t *testing.T, b *sql.Backend, want error, but ...string) {
	t.Helper()
	ctx := t.Context()
	r := backends.Record{Data: []byte("data"), TTL: time.Hour, Subject: "ada"}
	limited := r
	limited.SubjectLimit = 1
	_, read := b.Read(ctx, "id")
	_, exists := b.Exists(ctx, "id")
	_, write := b.Write(ctx, "id", r)
	_, touch := b.Touch(ctx, "id", time.Hour)
	_, list := b.ListSubject(ctx, "ada")
	_, listNone := b.ListSubject(ctx, "")
	_, revoke := b.RevokeSubject(ctx, "ada", "")
	_, trim := b.TrimSubject(ctx, "ada", 1, "")
	_, sweep := b.Sweep(ctx)
	for name, got := range map[string]error{
		"Read": read, "Exists": exists, "Write": write, "Touch": touch, "Remove": b.Remove(ctx, "id"),
		"ListSubject": list, "ListSubject of nobody": listNone, "RevokeSubject": revoke, "TrimSubject": trim,
		"Swap, creating": b.Swap(ctx, "id", nil, r), "Swap": b.Swap(ctx, "id", []byte("a"), r), "Swap, removing": b.Swap(ctx, "id", []byte("a"), backends.Record{}),
		"Swap with a limit": b.Swap(ctx, "id", nil, limited),
		"Rotate":            b.Rotate(ctx, "id", []byte("a"), r, "new", r), "Sweep": sweep, "Walk": b.Walk(ctx, nil),
		"Migrate": b.Migrate(ctx), "Check": b.Check(ctx),
	} {
		if !errors.Is(got, want) && !slices.Contains(but, name) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// TestDown: a database that cannot be reached is an error of every method, and
// after those that change something it is certain that nothing was changed.
func TestDown(t *testing.T) {
	db := stdsql.OpenDB(down{})
	defer db.Close()
	b := sql.New(db, sql.MySQL(), &sql.Options{SweepEvery: -1})
	defer b.Close()
	everyMethod(t, b, errDown, "ListSubject of nobody") // which asks no one
	r := backends.Record{Data: []byte("data"), TTL: time.Hour}
	for name, err := range map[string]error{
		"create":  b.Swap(t.Context(), "id", nil, r),
		"replace": b.Swap(t.Context(), "id", []byte("old"), r),
		"rotate":  b.Rotate(t.Context(), "id", []byte("old"), r, "new", r),
	} {
		if !errors.Is(err, backends.ErrNotApplied) {
			t.Errorf("%s: got %v, want an ErrNotApplied", name, err)
		}
	}
}

// TestZeroValue_IsRefusedWithTheRemedy when the middleware is made, and by every
// method.
func TestZeroValue_IsRefusedWithTheRemedy(t *testing.T) {
	b := new(sql.Backend)
	if _, err := sessions.New(b, nil); err == nil || !strings.Contains(err.Error(), "sql.New") {
		t.Errorf("got %v, want an error that names the remedy", err)
	}
	everyMethod(t, b, backends.Describe(b).Err)
	if err := b.Close(); err == nil {
		t.Error("Close: got no error")
	}
}

// TestOpen_TellsNoSecret: the error for a bad name does not quote it.
func TestOpen_TellsNoSecret(t *testing.T) {
	_, err := sql.Open("no such driver", "user:hunter2@host", sql.MySQL(), nil)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

// mysqlError and sqliteError look as the errors of drivers do.
type (
	mysqlError  struct{ Number uint16 }
	sqliteError struct{ code int }
)

func (e *mysqlError) Error() string  { return fmt.Sprint("Error ", e.Number) }
func (e *sqliteError) Error() string { return fmt.Sprint("error ", e.code) }
func (e *sqliteError) Code() int     { return e.code }

// TestJudge: what the databases' errors are taken to mean.
func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name    string
		dialect sql.Dialect
		err     error
		want    sql.Verdict // Remedy aside
	}{
		{"MySQL, deadlock", sql.MySQL(), &mysqlError{1213}, sql.Verdict{Answered: true, Undone: true, Again: true}},
		{"MySQL, lock wait", sql.MySQL(), fmt.Errorf("wrapped: %w", &mysqlError{1205}), sql.Verdict{Answered: true, Undone: true, Again: true}},
		{"MySQL, packet", sql.MySQL(), &mysqlError{1153}, sql.Verdict{Answered: true, Undone: true, TooLarge: true}},
		{"MySQL, denied", sql.MySQL(), errors.Join(errors.New("x"), &mysqlError{1142}), sql.Verdict{Answered: true, Undone: true}},
		{"MySQL, duplicate", sql.MySQL(), &mysqlError{1062}, sql.Verdict{Answered: true, Undone: true, Secret: true}},
		{"MySQL, error during commit", sql.MySQL(), &mysqlError{1180}, sql.Verdict{Answered: true}},
		{"MySQL, shutdown", sql.MySQL(), &mysqlError{1053}, sql.Verdict{Answered: true}},
		{"MySQL, a proxy", sql.MySQL(), &mysqlError{9001}, sql.Verdict{Answered: true}},
		{"MySQL, connection", sql.MySQL(), errors.New("invalid connection"), sql.Verdict{}},
		{"SQLite, busy", sql.SQLite(), &sqliteError{5}, sql.Verdict{Answered: true, Undone: true, Again: true}},
		{"SQLite, busy snapshot", sql.SQLite(), &sqliteError{517}, sql.Verdict{Answered: true, Undone: true, Again: true}},
		{"SQLite, full", sql.SQLite(), &sqliteError{13}, sql.Verdict{Answered: true, Undone: true}},
		{"SQLite, I/O", sql.SQLite(), &sqliteError{10}, sql.Verdict{Answered: true}},
		{"SQLite, too big", sql.SQLite(), &sqliteError{18}, sql.Verdict{Answered: true, Undone: true, TooLarge: true}},
		{"SQLite, interrupted", sql.SQLite(), &sqliteError{9}, sql.Verdict{}},
		{"SQLite, another error", sql.SQLite(), context.Canceled, sql.Verdict{}},
	} {
		got := tt.dialect.Judge(tt.err)
		got.Remedy = ""
		if got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// TestSchemaFor: the statements name the table that the options do.
func TestSchemaFor(t *testing.T) {
	for _, tt := range []struct {
		dialect sql.Dialect
		table   string
		want    []string
	}{
		{sql.SQLite(), "", []string{`CREATE TABLE IF NOT EXISTS "sessions" (`, `CREATE INDEX IF NOT EXISTS "sessions_subject" ON "sessions" (subject)`}},
		{sql.SQLite(), "main.web", []string{`CREATE TABLE IF NOT EXISTS "main"."web" (`, `CREATE INDEX IF NOT EXISTS "main"."web_subject" ON "web" (subject)`}},
		{sql.MySQL(), "app.web", []string{"CREATE TABLE IF NOT EXISTS `app`.`web` (", "INDEX subject (subject)", "VARBINARY(1024)", "LONGBLOB"}},
	} {
		text, err := sql.SchemaFor(tt.dialect, &sql.Options{Table: tt.table})
		if err != nil {
			t.Error(err)
		}
		for _, want := range tt.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s, %q: got\n%s\nwant %s in it", tt.dialect.Name, tt.table, text, want)
			}
		}
		for _, index := range strings.Split(text, "INDEX")[1:] {
			if line, _, _ := strings.Cut(index, "\n"); strings.Contains(line, "expires_at") || strings.Contains(line, "revision") {
				t.Errorf("%s: an index covers what every touch changes: %s", tt.dialect.Name, line)
			}
		}
	}
	if _, err := sql.SchemaFor(sql.MySQL(), &sql.Options{Table: "a b"}); err == nil {
		t.Error("a bad name: got no error")
	}
}

// TestNoDriver: this package imports only the standard library and the contract of
// backends, and a program that uses the library gets no driver of SQLite or MySQL with it.
func TestNoDriver(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, imported := range strings.Fields(string(out)) {
		if strings.Contains(imported, ".") && imported != "github.com/gosessions/sessions/backends" {
			t.Errorf("the package imports %s", imported)
		}
	}
	graph, err := exec.Command("go", "mod", "graph").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"sqlite", "go-sql-driver"} {
		if strings.Contains(string(graph), word) {
			t.Errorf("go mod graph names %s", word)
		}
	}
}
