package postgres_test

import (
	"errors"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// TestErrors_SayThatNothingWasChanged: where the server says that it has rolled a
// commit back, or was never reached, nobody has to find out.
func TestErrors_SayThatNothingWasChanged(t *testing.T) {
	url := services.Postgres(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	_ = listener.Close()
	for _, tt := range []struct {
		name, url, before string
		remedy            string // in the error
	}{
		{name: "no table", url: url, before: `DROP TABLE sessions`, remedy: "postgres.Migrate"},
		{name: "a table of another form", url: url, before: `ALTER TABLE sessions RENAME COLUMN filed_at TO filed`, remedy: "postgres.Migrate"},
		{name: "read only", url: services.With(t, url, "default_transaction_read_only=on"), remedy: "25006"},
		{name: "a constraint", url: url, before: `ALTER TABLE sessions ADD CHECK (length(data) < 2) NOT VALID`, remedy: "23514"},
		{name: "the statement takes too long", url: services.With(t, url, "lock_timeout=1"), before: "lock", remedy: "55P03"},
		{name: "no server", url: "postgres://" + closed + "/sessions?sslmode=disable", remedy: "connect"},
		{name: "no host", url: "postgres://sessions.invalid/sessions?sslmode=disable", remedy: "sessions.invalid"},
		{name: "no such user", url: services.With(t, url, "user=nobody-of-that-name"), remedy: "nobody-of-that-name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := openURL(t, url, url)
			d.write("id", "1", "")
			switch tt.before {
			case "":
			case "lock":
				tx, err := d.pool.Begin(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer tx.Rollback(t.Context())
				if _, err := tx.Exec(t.Context(), `LOCK TABLE sessions`); err != nil {
					t.Fatal(err)
				}
			default:
				d.sql(tt.before)
				defer d.sql(`DROP TABLE IF EXISTS sessions`)
			}
			b, err := postgres.Open(tt.url, &postgres.Options{SweepEvery: never})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			limited := record("more", "alice")
			limited.SubjectLimit = 5
			for name, err := range map[string]error{
				"create":           b.Swap(t.Context(), "new", nil, record("more", "")),
				"replace":          b.Swap(t.Context(), "id", []byte("1"), record("more", "")),
				"create one of 5":  b.Swap(t.Context(), "new", nil, limited),
				"give another ID":  b.Rotate(t.Context(), "id", []byte("1"), backends.Record{}, "new", record("more", "")),
				"check everything": b.Check(t.Context()),
			} {
				if !errors.Is(err, backends.ErrNotApplied) || !strings.Contains(err.Error(), tt.remedy) {
					t.Errorf("%s: got %v, want an ErrNotApplied that names %q", name, err, tt.remedy)
				}
			}
		})
	}
	b := open(t)
	if _, err := b.Write(t.Context(), "id", backends.Record{Data: []byte("1")}); !errors.Is(err, backends.ErrNotApplied) {
		t.Errorf("no TTL: got %v, want an ErrNotApplied", err)
	}
}

// TestErrors_NameTheGrant lets a role use the table without rights on it, and then
// with those that the documentation shows.
func TestErrors_NameTheGrant(t *testing.T) {
	d := open(t)
	role := strings.ReplaceAll(services.Unique("role"), "-", "_")
	d.sql(`CREATE ROLE "` + role + `"`)
	defer d.sql(`DROP ROLE "` + role + `"`)
	b, err := postgres.Open(services.With(t, d.url, "role="+role), &postgres.Options{SweepEvery: never})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "GRANT") || !errors.Is(err, backends.ErrNotApplied) {
		t.Errorf("got %v, want an ErrNotApplied that names GRANT", err)
	}
	text, err := os.ReadFile("../../docs/postgres.md")
	if err != nil {
		t.Fatal(err)
	}
	grants := regexp.MustCompile("(?m)^GRANT .* TO web;$").FindAllString(string(text), -1)
	if len(grants) != 2 {
		t.Errorf("docs/postgres.md grants %d times, want 2", len(grants))
	}
	for _, grant := range grants {
		d.sql(strings.Replace(grant, "web", `"`+role+`"`, 1))
	}
	defer d.sql(`DROP OWNED BY "` + role + `"`)
	if err := b.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := b.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestCheck leaves nothing behind where all is well.
func TestCheck(t *testing.T) {
	d := open(t)
	if err := d.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if n := get[int](d, `SELECT count(*) FROM sessions`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// TestZeroValue_IsRefusedWithTheRemedy when the middleware is made.
func TestZeroValue_IsRefusedWithTheRemedy(t *testing.T) {
	for name, b := range map[string]*postgres.Backend{"zero": new(postgres.Backend), "nil": nil} {
		if _, err := sessions.New(b, nil); err == nil || name == "zero" && !strings.Contains(err.Error(), "postgres.Open") {
			t.Errorf("%s: got %v, want an error that names the remedy", name, err)
		}
	}
	if err := new(postgres.Backend).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "postgres.Open") {
		t.Errorf("Check: got %v, want an error that names the remedy", err)
	}
}
