package drivers_test

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/sql"
	"github.com/gosessions/sessions/internal/services"
)

// TestAffectedRows: what changes nothing is not taken for what finds nothing,
// whether or not the connection counts the rows that are found. On some of the
// connections time stands still, so that a touch has nothing to change.
func TestAffectedRows(t *testing.T) {
	still, stillFound := inMariaDB, inMariaDB
	still.name, still.params = "mysql, time stands still", "?timestamp=1893456000"
	stillFound.name, stillFound.params = "mysql, clientFoundRows, time stands still", "?clientFoundRows=true&timestamp=1893456000"
	each(t, append(slices.Clone(setups), still, stillFound), func(t *testing.T, d *database) {
		d.write("id", "data", "ada")
		for range 5 {
			if _, err := d.Touch(t.Context(), "id", time.Hour); err != nil {
				t.Fatalf("Touch: %v", err)
			}
			if err := d.Swap(t.Context(), "id", []byte("data"), record("data", "ada")); err != nil {
				t.Fatalf("Swap to the same: %v", err)
			}
			d.write("id", "data", "ada")
			if err := d.Swap(t.Context(), "id", nil, record("data", "ada")); err != backends.ErrConflict {
				t.Fatalf("Swap that creates what exists: got %v, want ErrConflict", err)
			}
		}
		if n := get[int](d, `SELECT COUNT(*) FROM sessions`); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

// TestKeysAreBytes: no collation, character set or padding makes two IDs or
// owners one, and none refuses any bytes.
func TestKeysAreBytes(t *testing.T) {
	each(t, setups, func(t *testing.T, d *database) {
		every := make([]byte, 256)
		for i := range every {
			every[i] = byte(i)
		}
		names := []string{"ada", "Ada", "àda", "ada ", "ada\x00", "ada\xff", string(every)}
		for i, name := range names {
			r := record(name, name)
			if _, err := d.Write(t.Context(), "id-"+name, r); err != nil {
				t.Fatalf("%q: %v", name, err)
			}
			if n := get[int](d, `SELECT COUNT(*) FROM sessions`); n != i+1 {
				t.Errorf("%q: %d rows, want %d", name, n, i+1)
			}
		}
		for _, name := range names {
			list, err := d.ListSubject(t.Context(), name)
			if err != nil || len(list) != 1 || list[0].ID != "id-"+name || string(list[0].Record.Data) != name {
				t.Errorf("%q: got %v, %v", name, list, err)
			}
		}
	})
}

// TestWaitsForLocks: a commit that another transaction keeps waiting for longer
// than the server allows is sent again.
func TestWaitsForLocks(t *testing.T) {
	s := inMariaDB
	s.params = "?innodb_lock_wait_timeout=1"
	d := s.open(t)
	d.write("id", "1", "")
	tx, err := d.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(t.Context(), `SELECT * FROM sessions FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- d.Swap(t.Context(), "id", []byte("1"), record("2", "")) }()
	select {
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(1500 * time.Millisecond):
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || d.data("id") != "2" {
		t.Errorf("got %v, and %q is stored", err, d.data("id"))
	}
}

// TestDeadlock: a rotation that the server ends because of a deadlock is sent again.
func TestDeadlock(t *testing.T) {
	d := inMariaDB.open(t)
	d.write("old", "data", "")
	tx, err := d.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 { // the server ends the transaction that has done less
		exec(`INSERT INTO sessions VALUES (?, NULL, 1, 1, 0, 'x')`, []byte(id(i)))
	}
	exec(`INSERT INTO sessions VALUES (?, NULL, 1, 1, 0, 'x')`, []byte("new"))
	done := make(chan error, 1)
	go func() {
		done <- d.Rotate(t.Context(), "old", []byte("data"), record("tombstone", ""), "new", record("moved", ""))
	}()
	const waiting = `SELECT COUNT(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
WHERE p.db = DATABASE() AND t.trx_state = 'LOCK WAIT'`
	for get[int](d, waiting) == 0 {
		select {
		case err := <-done:
			t.Fatalf("it did not wait: %v", err)
		case <-time.After(150 * time.Millisecond): // that table is renewed if nobody looks for a while
		}
	}
	before := get[int](d, `SELECT VARIABLE_VALUE FROM information_schema.global_status WHERE VARIABLE_NAME = 'Innodb_deadlocks'`)
	exec(`UPDATE sessions SET revision = 7 WHERE id = ?`, []byte("old"))
	if after := get[int](d, `SELECT VARIABLE_VALUE FROM information_schema.global_status WHERE VARIABLE_NAME = 'Innodb_deadlocks'`); after == before {
		t.Error("there was no deadlock")
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || d.data("old") != "tombstone" || d.data("new") != "moved" {
		t.Errorf("got %v; stored are %q and %q", err, d.data("old"), d.data("new"))
	}
}

// TestErrors_SayThatNothingWasChanged: where the server says that it has rolled a
// commit back, or was never reached, nobody has to find out.
func TestErrors_SayThatNothingWasChanged(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	_ = listener.Close()
	s := inMariaDB
	for _, tt := range []struct {
		name, before string
		dsn          func(dsn string) string
		remedy       string // in the error
	}{
		{name: "no table", before: `DROP TABLE sessions`, remedy: "Backend.Migrate"},
		{name: "a table of another form", before: `ALTER TABLE sessions CHANGE filed_at filed BIGINT NOT NULL`, remedy: "Backend.Migrate"},
		{name: "read only", dsn: func(dsn string) string { return dsn + "?tx_read_only=1" }, remedy: "read-only"},
		{name: "a constraint", before: `ALTER TABLE sessions ADD CHECK (LENGTH(data) < 2)`, remedy: "4025"},
		{name: "no server", dsn: func(string) string { return "root@tcp(" + closed + ")/x" }, remedy: "connect"},
		{name: "no such user", dsn: func(dsn string) string { return strings.Replace(dsn, "root@", "nobody:x@", 1) }, remedy: "user or the password"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := s.open(t)
			d.write("id", "1", "")
			dsn := d.dsn
			if tt.dsn != nil {
				dsn = tt.dsn(dsn)
			}
			if tt.before != "" {
				d.sql(tt.before)
			}
			b := sql.New(pool(t, "mysql", dsn), sql.MySQL(), &sql.Options{SweepEvery: -1})
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
				if name == "check everything" && (tt.name == "no server" || tt.name == "no such user") {
					continue // its first statement only reads
				}
				if !errors.Is(err, backends.ErrNotApplied) || !strings.Contains(err.Error(), tt.remedy) {
					t.Errorf("%s: got %v, want an ErrNotApplied that names %q", name, err, tt.remedy)
				}
			}
		})
	}
}

// TestErrors_TellNoSecret: the server quotes what it refuses, and that goes no
// further.
func TestErrors_TellNoSecret(t *testing.T) {
	d := inMariaDB.open(t)
	d.sql(`ALTER TABLE sessions ADD UNIQUE (subject)`)
	d.write("one", "data", "secret-owner")
	if err := d.Swap(t.Context(), "one", []byte("data"), record("more", "secret-owner")); err != nil {
		t.Error(err)
	}
	d.write("two", "secret-data", "")
	err := d.Swap(t.Context(), "two", []byte("secret-data"), record("more", "secret-owner"))
	if !errors.Is(err, backends.ErrNotApplied) || !strings.Contains(err.Error(), "1062") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an ErrNotApplied that quotes nothing", err)
	}
}

// TestErrors_NameTheGrant lets a user use the table without rights on it, and then
// with those that the documentation shows.
func TestErrors_NameTheGrant(t *testing.T) {
	d := inMariaDB.open(t)
	database := get[string](d, `SELECT DATABASE()`)
	user := services.Unique("u")
	d.sql(`CREATE USER ` + user + ` IDENTIFIED BY 'secret'`)
	defer d.sql(`DROP USER ` + user)
	d.sql(`CREATE TABLE other (n INT)`)
	d.sql(fmt.Sprintf(`GRANT SELECT ON %s.other TO %s`, database, user))
	b := sql.New(pool(t, "mysql", strings.Replace(d.dsn, "root@", user+":secret@", 1)), sql.MySQL(), &sql.Options{SweepEvery: -1})
	defer b.Close()
	if err := b.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "GRANT") || !errors.Is(err, backends.ErrNotApplied) {
		t.Errorf("got %v, want an ErrNotApplied that names GRANT", err)
	}
	text, err := os.ReadFile("../../../docs/sql.md")
	if err != nil {
		t.Fatal(err)
	}
	grants := regexp.MustCompile("(?m)^GRANT .* TO web;$").FindAllString(string(text), -1)
	if len(grants) != 1 {
		t.Fatalf("docs/sql.md grants %d times, want 1", len(grants))
	}
	d.sql(strings.NewReplacer("TO web;", "TO "+user, "app.sessions", database+".sessions").Replace(grants[0]))
	if err := b.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := b.Migrate(t.Context()); err != nil {
		t.Errorf("with nothing to do: %v", err)
	}
	if _, err := b.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestSizes: what the server or the table cannot hold is refused, and never cut
// off.
func TestSizes(t *testing.T) {
	s := inMariaDB
	d := s.open(t)
	limit := backends.Describe(d.Backend).MaxSize
	for n, want := range map[int]error{limit: nil, limit + 1: backends.ErrTooLarge} {
		r := backends.Record{Data: make([]byte, n), TTL: time.Hour}
		err := d.Swap(t.Context(), fmt.Sprint("create", n), nil, r)
		if !errors.Is(err, want) || want != nil && !errors.Is(err, backends.ErrNotApplied) {
			t.Errorf("create with %d bytes: got %v, want %v", n, err, want)
		}
		if want != nil {
			continue
		}
		if err := d.Swap(t.Context(), fmt.Sprint("create", n), r.Data, r); err != nil {
			t.Errorf("replace %d bytes by as many: %v", n, err)
		}
	}

	b := sql.New(d.pool, sql.MySQL(), &sql.Options{SweepEvery: -1, MaxSize: 64 << 20})
	defer b.Close()
	if err := b.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "max_allowed_packet") {
		t.Errorf("a MaxSize beyond the server's: got %v, want an error that names max_allowed_packet", err)
	}

	d.sql(`DELETE FROM sessions`)
	d.sql(`ALTER TABLE sessions MODIFY data BLOB NOT NULL`)
	s.params = "?sql_mode=%27%27"
	lax := sql.New(pool(t, "mysql", d.dsn+s.params), sql.MySQL(), &sql.Options{SweepEvery: -1})
	defer lax.Close()
	for name, b := range map[string]*sql.Backend{"strict": d.Backend, "lax": lax} {
		if err := b.Check(t.Context()); err == nil {
			t.Errorf("%s: a column that is too small: got no error", name)
		}
	}
}

// TestConnectionsKilled: while connections are ended all the time, no update is
// lost, and what can be sent again is.
func TestConnectionsKilled(t *testing.T) {
	d := inMariaDB.open(t)
	d.write("id", "0", "")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			rows, err := d.db.QueryContext(ctx, `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`)
			if err != nil {
				continue
			}
			ids := scanAll(rows)
			time.Sleep(5 * time.Millisecond) //rules:allow because it is the pause between two faults
			for _, id := range ids {
				_, _ = d.db.ExecContext(ctx, fmt.Sprint("KILL ", id))
			}
		}
	}()
	stored, doubts := 0, 0
	for ctx.Err() == nil {
		if _, err := d.Read(context.WithoutCancel(ctx), "id"); errors.Is(err, backends.ErrNotFound) {
			t.Fatal("the record is gone")
		}
		err := d.Swap(context.WithoutCancel(ctx), "id", fmt.Append(nil, stored), record(fmt.Sprint(stored+1), ""))
		switch {
		case err == nil:
			stored++
		case err == backends.ErrConflict:
			t.Fatalf("conflict at %d; %s is stored", stored, d.data("id"))
		case errors.Is(err, backends.ErrNotApplied):
		default:
			doubts++
			for {
				r, err := d.Read(context.WithoutCancel(ctx), "id")
				if err != nil {
					continue
				}
				if string(r.Data) == fmt.Sprint(stored+1) {
					stored++
				} else if string(r.Data) != fmt.Sprint(stored) {
					t.Fatalf("%q is stored after %d", r.Data, stored)
				}
				break
			}
		}
	}
	if stored == 0 {
		t.Error("nothing was stored")
	}
	t.Logf("%d stored, %d in doubt", stored, doubts)
}

func scanAll(rows *stdsql.Rows) (ids []int64) {
	defer rows.Close()
	for rows.Next() {
		var id int64
		if rows.Scan(&id) == nil {
			ids = append(ids, id)
		}
	}
	return ids
}
