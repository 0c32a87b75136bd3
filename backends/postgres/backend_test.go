package postgres_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

func TestAbilities(t *testing.T) {
	d := open(t)
	want := []backends.Ability{backends.CanSwap, backends.CanTouch, backends.CanRotate, backends.CanSubjects, backends.CanSweep, backends.CanWalk}
	if got := backends.Abilities(d.Backend); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	d := open(t)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	tests := []struct {
		name, id, subject string
		data              []byte
		ttl               time.Duration
	}{
		{"plain", "id", "", []byte("data"), time.Hour},
		{"every byte", "every", "", every, time.Hour},
		{"with subject", "owned", "alice", []byte("data"), time.Hour},
		{"subject of any bytes", "bytes", string(every), []byte("data"), time.Hour},
		{"shortest life", "shortest", "", []byte("data"), time.Second},
		{"longest life", "longest", "", []byte("data"), math.MaxInt64},
		{"large", "large", "bob", []byte(strings.Repeat("0123456789abcdef", 64<<10)), time.Hour},
		{"longest ID stored as it is", strings.Repeat("a", 1024), "", []byte("data"), time.Hour},
		{"ID whose digest is stored", strings.Repeat("a", 1025), "", []byte("data"), time.Hour},
		{"longest ID", strings.Repeat("~", 4096), "", []byte("data"), time.Hour},
		{"punctuation", `!"#$%&'()*+,-./:;<=>?@[\]^_{|}~\x00`, `'; DROP TABLE sessions; --`, []byte("data"), time.Hour},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := d.Write(t.Context(), test.id, backends.Record{Data: test.data, TTL: test.ttl, Subject: test.subject})
			if err != nil || got != test.id {
				t.Fatalf("Write: got %q, %v", got, err)
			}
			r, err := d.Read(t.Context(), test.id)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(r.Data, test.data) {
				t.Errorf("data: got %d bytes, want %d", len(r.Data), len(test.data))
			}
			if r.Subject != test.subject {
				t.Errorf("subject: got %q, want %q", r.Subject, test.subject)
			}
			if n := count(t, d, test.subject); (n == 1) != (test.subject != "") {
				t.Errorf("%d records of %q", n, test.subject)
			}
			if r.TTL <= 0 || r.TTL > test.ttl || r.TTL < test.ttl-time.Minute {
				t.Errorf("TTL: got %v, want nearly %v", r.TTL, test.ttl)
			}
			if found, err := d.Exists(t.Context(), test.id); err != nil || !found {
				t.Errorf("Exists: got %v, %v", found, err)
			}
			if err := d.Remove(t.Context(), test.id); err != nil {
				t.Errorf("Remove: %v", err)
			}
			if _, err := d.Read(t.Context(), test.id); err != backends.ErrNotFound {
				t.Errorf("Read after Remove: got %v, want ErrNotFound", err)
			}
		})
	}
	if n := get[int](d, `SELECT count(*) FROM sessions`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func TestAbsent(t *testing.T) {
	d := open(t)
	d.write("expired", "data", "alice")
	d.expire("expired")
	d.write("other", "data", "alice")
	d.sql(`INSERT INTO sessions (id, expires_at, data) VALUES ('\x00'::bytea || 'sweep', now() + interval '1 hour', 'data')`)
	for _, id := range []string{"expired", "never issued", "", "\x00", "\x00sweep", "\xff\xfe", "Other", "other ", strings.Repeat("o", 5000)} {
		if _, err := d.Read(t.Context(), id); err != backends.ErrNotFound {
			t.Errorf("Read(%q): got %v, want ErrNotFound", id, err)
		}
		if found, err := d.Exists(t.Context(), id); found || err != nil {
			t.Errorf("Exists(%q): got %v, %v", id, found, err)
		}
		if _, err := d.Touch(t.Context(), id, time.Hour); err != backends.ErrNotFound {
			t.Errorf("Touch(%q): got %v, want ErrNotFound", id, err)
		}
		if err := d.Swap(t.Context(), id, []byte("data"), record("new", "")); err != backends.ErrConflict {
			t.Errorf("Swap(%q): got %v, want ErrConflict", id, err)
		}
		if err := d.Swap(t.Context(), id, []byte("data"), backends.Record{}); err != backends.ErrConflict {
			t.Errorf("Swap(%q) to remove: got %v, want ErrConflict", id, err)
		}
		if err := d.Rotate(t.Context(), id, []byte("data"), backends.Record{}, "new", record("new", "")); err != backends.ErrNotFound {
			t.Errorf("Rotate(%q): got %v, want ErrNotFound", id, err)
		}
		if err := d.Remove(t.Context(), id); err != nil {
			t.Errorf("Remove(%q): got %v, want nil", id, err)
		}
	}
	if got := d.data("other"); got != "data" {
		t.Errorf("the other record: got %q", got)
	}
}

// TestWriteOverExpired: what is written over an expired row begins anew, with
// nothing of it.
func TestWriteOverExpired(t *testing.T) {
	d := open(t)
	for name, write := range map[string]func(id string) error{
		"Write": func(id string) error { _, err := d.Write(t.Context(), id, record("new", "")); return err },
		"Swap":  func(id string) error { return d.Swap(t.Context(), id, nil, record("new", "")) },
		"Rotate": func(id string) error {
			d.write("from", "data", "")
			return d.Rotate(t.Context(), "from", []byte("data"), backends.Record{}, id, record("new", ""))
		},
	} {
		d.write(name, "old", "alice")
		d.expire(name)
		if err := write(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		r, err := d.Read(t.Context(), name)
		if subject := d.subject(name); err != nil || string(r.Data) != "new" || subject != "" {
			t.Errorf("%s: got %q of %q, %v", name, r.Data, subject, err)
		}
	}
}

func TestTTLMustBePositive(t *testing.T) {
	d := open(t)
	d.write("id", "data", "")
	for _, ttl := range []time.Duration{0, -1, math.MinInt64} {
		r := backends.Record{Data: []byte("new"), TTL: ttl}
		_, write := d.Write(t.Context(), "id", r)
		_, touch := d.Touch(t.Context(), "id", ttl)
		for name, err := range map[string]error{
			"Write":                write,
			"Touch":                touch,
			"Swap":                 d.Swap(t.Context(), "id", []byte("data"), r),
			"Swap, creating":       d.Swap(t.Context(), "new", nil, r),
			"Rotate, record":       d.Rotate(t.Context(), "id", []byte("data"), record("tombstone", ""), "new", r),
			"Rotate, tombstone":    d.Rotate(t.Context(), "id", []byte("data"), r, "new", record("new", "")),
			"Rotate, no tombstone": d.Rotate(t.Context(), "id", []byte("data"), backends.Record{}, "new", r),
		} {
			if err == nil || errors.Is(err, backends.ErrConflict) || errors.Is(err, backends.ErrNotFound) {
				t.Errorf("%s with a TTL of %v: got %v", name, ttl, err)
			}
		}
	}
	if got := d.data("id"); got != "data" {
		t.Errorf("the record is now %q", got)
	}
	if _, err := d.Write(t.Context(), "brief", backends.Record{Data: []byte("data"), TTL: 1}); err != nil || d.data("brief") != "" {
		t.Errorf("a TTL of a nanosecond: %q, %v", d.data("brief"), err)
	}
}

func TestTouchKeepsEverythingElse(t *testing.T) {
	d := open(t)
	d.write("id", "data", "alice")
	if got, err := d.Touch(t.Context(), "id", 10*time.Hour); got != "id" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	r, err := d.Read(t.Context(), "id")
	if err != nil || string(r.Data) != "data" || d.subject("id") != "alice" || r.TTL < 9*time.Hour {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := d.Touch(t.Context(), "id", time.Minute); err != nil {
		t.Fatal(err)
	}
	if r, err = d.Read(t.Context(), "id"); err != nil || r.TTL > time.Minute {
		t.Errorf("a touch may shorten a life: got %v, %v", r.TTL, err)
	}
}

func TestWrongArguments(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), "postgres://nobody@127.0.0.1:1/none")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	tests := []struct {
		name    string
		pool    *pgxpool.Pool
		options *postgres.Options
		want    string
	}{
		{"good", pool, nil, ""},
		{"good names", pool, &postgres.Options{Table: "Auth_2.Web_Sessions"}, ""},
		{"no pool", nil, nil, "the pool is nil"},
		{"quote", pool, &postgres.Options{Table: `a"b`}, "Options.Table"},
		{"interval", pool, &postgres.Options{SweepEvery: 300}, "Options.SweepEvery"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := postgres.New(test.pool, test.options)
			defer b.Close()
			err := backends.Describe(b).Err
			if test.want == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "postgres: ") {
				t.Fatalf("got %v, want one that names %s", err, test.want)
			}
			_, write := b.Write(t.Context(), "id", record("data", ""))
			_, read := b.Read(t.Context(), "id")
			_, list := b.ListSubject(t.Context(), "")
			_, sweep := b.Sweep(t.Context())
			for i, got := range []error{write, read, list, sweep, b.Swap(t.Context(), "id", nil, record("data", "")), b.Walk(t.Context(), nil), b.Migrate(t.Context())} {
				if got == nil || got.Error() != err.Error() && test.options.SweepEvery == 0 {
					t.Errorf("operation %d: got %v, want %v", i, got, err)
				}
			}
		})
	}
}

func TestOpen(t *testing.T) {
	if _, err := postgres.Open("postgres://user:hunter2@host:notaport/db", nil); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("bad URL: got %v", err)
	}
	if _, err := postgres.Open("postgres://host/db", &postgres.Options{Table: "a b"}); err == nil {
		t.Errorf("bad options: got nil")
	}
	b, err := postgres.Open("postgres://user:hunter2@127.0.0.1:1/db", nil)
	if err != nil {
		t.Fatalf("a server that is down: got %v, want a backend", err)
	}
	if _, err := b.Read(t.Context(), "id"); err == nil || errors.Is(err, backends.ErrNotFound) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Read from a server that is down: got %v", err)
	}
	b.Close()
	b.Close()
}

// TestPools: Open's pool carries a name that operators recognize, and New's is
// not closed.
func TestPools(t *testing.T) {
	d := open(t)
	d.data("id")
	if n := get[int](d, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sessions'`); n == 0 {
		t.Error("no connection is called sessions")
	}
	pool := newPool(t, d.url)
	postgres.New(pool, nil).Close()
	if err := pool.Ping(t.Context()); err != nil {
		t.Errorf("Close closed a pool that was not its own: %v", err)
	}
}

// TestErrorsKeepSecrets: no error says what was stored, or under which ID.
func TestErrorsKeepSecrets(t *testing.T) {
	url := services.Postgres(t)
	b, err := postgres.Open(url, &postgres.Options{SweepEvery: never})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	r := record("secret-data", "secret-subject")
	_, read := b.Read(t.Context(), "secret-id")
	_, write := b.Write(t.Context(), "secret-id", r)
	_, list := b.ListSubject(t.Context(), "secret-subject")
	for i, err := range []error{read, write, list, b.Swap(t.Context(), "secret-id", r.Data, r), b.Rotate(t.Context(), "secret-id", r.Data, r, "secret-new", r)} {
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%d: got %v", i, err)
		}
	}
}
