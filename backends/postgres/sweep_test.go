package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// fill stores n records, of which those whose number expired accepts have
// expired.
func (d *database) fill(n int, expired string) {
	d.t.Helper()
	d.sql(fmt.Sprintf(`INSERT INTO sessions (id, expires_at, data)
SELECT convert_to('id-' || lpad(g::text, 8, '0'), 'UTF8'),
	now() + CASE WHEN %s THEN interval '-1 second' ELSE interval '1 day' END, decode(repeat(md5(g::text), 12), 'hex')
FROM generate_series(0, %d) g`, expired, n-1))
}

func TestSweep(t *testing.T) {
	d := open(t)
	if n, err := d.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("an empty table: got %d, %v", n, err)
	}
	d.fill(10000, "g % 4 = 1") // eight batches
	if n, err := d.Sweep(t.Context()); n != 2500 || err != nil {
		t.Errorf("got %d, %v, want 2500", n, err)
	}
	if n := get[int](d, `SELECT count(*) FROM sessions WHERE expires_at > now()`); n != 7500 {
		t.Errorf("%d live records are left, want 7500", n)
	}
	if n := get[int](d, `SELECT count(*) FROM sessions`); n != 7500 {
		t.Errorf("%d rows are left, want 7500", n)
	}
	if n, err := d.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("again: got %d, %v", n, err)
	}
}

// TestR33_SweepersTogether: several instances sweep while the sessions are
// used. Every expired row is deleted by one of them, no other row is, and
// nobody waits for anybody forever.
func TestR33_SweepersTogether(t *testing.T) {
	d := open(t)
	d.fill(20000, "g < 15000")
	var deleted atomic.Int64
	together(6, func(n int) {
		if n < 5 {
			n, err := d.Sweep(t.Context())
			if err != nil {
				t.Error(err)
			}
			deleted.Add(int64(n))
			return
		}
		for i := 15000; i < 16000; i++ {
			if _, err := d.Touch(t.Context(), id(i), time.Hour); err != nil {
				t.Errorf("a live record: %v", err)
			}
			if err := d.Swap(t.Context(), id(i-1000), nil, record("new", "")); err != nil {
				t.Errorf("creating over an expired row: %v", err)
			}
		}
	})
	n, err := d.Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	total := int(deleted.Load()) + n
	overwritten := 15000 - total
	if overwritten < 0 || overwritten > 1000 {
		t.Errorf("%d were deleted of 15000, of which up to 1000 were overwritten", total)
	}
	if n := get[int](d, `SELECT count(*) FROM sessions WHERE expires_at > now()`); n != 6000 {
		t.Errorf("%d records are live, want 6000", n)
	}
}

// TestR33_SweepSkipsLockedRows: a row that another transaction holds is skipped
// and not waited for.
func TestR33_SweepSkipsLockedRows(t *testing.T) {
	d := open(t)
	d.fill(100, "true")
	tx, err := d.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), `SELECT FROM sessions WHERE id = $1 FOR UPDATE`, []byte(id(50))); err != nil {
		t.Fatal(err)
	}
	if n, err := d.Sweep(t.Context()); n != 99 || err != nil {
		t.Errorf("got %d, %v, want 99", n, err)
	}
}

// TestR33_SweepReadsRanges: a batch reads the pages of its range and no others,
// so that a sweep costs one reading of the table.
func TestR33_SweepReadsRanges(t *testing.T) {
	d := open(t)
	d.fill(20000, "g % 10 = 0")
	d.sql("ANALYZE sessions")
	var plan string
	err := pgx.BeginFunc(t.Context(), d.pool, func(tx pgx.Tx) error {
		for _, sql := range []string{
			"SET LOCAL plan_cache_mode = force_generic_plan",
			"PREPARE batch (tid, tid, bytea) AS " + postgres.SQL().Sweep,
		} {
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				return err
			}
		}
		rows, err := tx.Query(t.Context(), `EXPLAIN (COSTS OFF) EXECUTE batch ('(0,0)', '(64,0)', ' ')`)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, line := range lines {
			plan += line + "\n"
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plan, "Tid Range Scan") || !strings.Contains(plan, "Tid Scan") || strings.Contains(plan, "Seq Scan") {
		t.Errorf("the plan is\n%s", plan)
	}
}

func TestSweepInTheBackground(t *testing.T) {
	d := open(t)
	d.fill(1000, "g % 2 = 0")
	type result struct {
		deleted int
		err     error
	}
	results := make(chan result, 10)
	options := &postgres.Options{SweepEvery: time.Second, OnSweep: func(n int, err error) { results <- result{n, err} }}
	for range 3 { // instances
		b := postgres.New(d.pool, options)
		defer b.Close()
	}
	for i, want := range []int{500, 0} {
		if got := <-results; got.deleted != want || got.err != nil {
			t.Fatalf("sweep %d: got %d, %v, want %d", i, got.deleted, got.err, want)
		}
	}
	if n := get[int](d, `SELECT count(*) FROM sessions WHERE expires_at <= now()`); n > 1 {
		t.Errorf("%d expired rows are left", n)
	}
	// The row by which the instances agree is nobody's session.
	seen := 0
	d.Walk(t.Context(), func(backends.Entry) error { seen++; return nil })
	if seen != 500 {
		t.Errorf("Walk visits %d records, want 500", seen)
	}
}

// slowBatches makes every batch of a sweep take so many seconds longer, and notes
// in the table batches when it began and for which instance.
func (d *database) slowBatches(seconds float64) {
	d.t.Helper()
	d.sql(`CREATE TABLE batches (instance text, began timestamptz)`)
	d.sql(fmt.Sprintf(`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO batches VALUES (current_setting('application_name'), clock_timestamp());
	PERFORM pg_sleep(%f);
	RETURN NULL;
END $$`, seconds))
	d.sql(`CREATE TRIGGER note BEFORE DELETE ON sessions FOR EACH STATEMENT EXECUTE FUNCTION note()`)
}

// TestR33_SweepInTheBackgroundKeepsItsTurn: an instance whose sweep takes
// longer than a turn keeps it: nobody helps. Here a batch takes so long that
// nine times as much is longer than a turn.
func TestR33_SweepInTheBackgroundKeepsItsTurn(t *testing.T) {
	d := open(t)
	d.fill(5000, "true") // four batches
	d.slowBatches(0.24)
	deleted := make(chan int, 10)
	options := &postgres.Options{SweepEvery: 2 * time.Second, OnSweep: func(n int, _ error) { deleted <- n }}
	for i := range 3 {
		b := postgres.New(newPool(t, services.With(t, d.url, fmt.Sprint("application_name=", i))), options)
		defer b.Close()
	}
	n := <-deleted
	if instances := get[int](d, `SELECT count(DISTINCT instance) FROM batches`); n != 5000 || instances != 1 {
		t.Errorf("%d rows of 5000 were deleted by %d instances, want one", n, instances)
	}
	if took := get[float64](d, `SELECT extract(epoch FROM max(began) - min(began))::float8 FROM batches`); took < 2 {
		t.Errorf("the sweep took %.1f s, which is no longer than a turn", took)
	}
}

// TestR33_SweepInTheBackgroundIsGentle: a sweep in the background works for a
// tenth of the time, in small batches, and the rest is for requests.
func TestR33_SweepInTheBackgroundIsGentle(t *testing.T) {
	d := open(t)
	d.fill(5000, "true")
	pages := get[int](d, `SELECT pg_relation_size('sessions') / 8192`)
	d.slowBatches(0.02)
	deleted := make(chan int, 10)
	b := postgres.New(d.pool, &postgres.Options{SweepEvery: time.Second, OnSweep: func(n int, _ error) { deleted <- n }})
	defer b.Close()
	if n := <-deleted; n != 5000 {
		t.Errorf("%d rows of 5000 were deleted", n)
	}
	if got, want := get[int](d, `SELECT count(*) FROM batches`), (pages+63)/64; got != want {
		t.Errorf("%d batches for %d pages, want %d", got, pages, want)
	}
	const query = `SELECT extract(epoch FROM min(pause))::float8 FROM (SELECT began - lag(began) OVER (ORDER BY began) AS pause FROM batches) pauses`
	if pause := get[float64](d, query); pause < 0.2 {
		t.Errorf("a batch of 20 ms began %.3f s after another one, want 0.2 s or more", pause)
	}
}

func TestSweepInTheBackgroundReportsErrors(t *testing.T) {
	d := open(t)
	errs := make(chan error, 10)
	b := postgres.New(d.pool, &postgres.Options{Table: "missing", SweepEvery: time.Second, OnSweep: func(_ int, err error) { errs <- err }})
	if err := <-errs; err == nil {
		t.Error("got no error for a table that is missing")
	}
	b.Close()
	for len(errs) > 0 {
		<-errs
	}
	b.Close()
	if len(errs) > 0 {
		t.Errorf("a sweep after Close: %v", <-errs)
	}
}

func TestWalk(t *testing.T) {
	d := open(t)
	d.fill(1050, "g >= 1000")
	d.write("zzz", "data", "alice")
	var ids []string
	err := d.Walk(t.Context(), func(s backends.Entry) error {
		ids = append(ids, s.ID)
		if s.Record.TTL <= 0 || len(s.Record.Data) == 0 || (s.Record.Subject == "alice") != (s.ID == "zzz") {
			t.Errorf("%s: got %+v", s.ID, s.Record)
		}
		return nil
	})
	if err != nil || len(ids) != 1001 || !slices.IsSorted(ids) {
		t.Errorf("got %d IDs, %v", len(ids), err)
	}
	stop := errors.New("stop")
	n := 0
	if err := d.Walk(t.Context(), func(backends.Entry) error { n++; return stop }); err != stop || n != 1 {
		t.Errorf("got %v after %d, want stop after 1", err, n)
	}
}

// TestWalkHoldsNothing: visit may use the backend, though there is only one
// connection, and delete what it sees.
func TestWalkHoldsNothing(t *testing.T) {
	url := open(t).url
	d := openURL(t, services.With(t, url, "pool_max_conns=1"), url)
	d.fill(250, "false")
	err := d.Walk(t.Context(), func(s backends.Entry) error { return d.Remove(t.Context(), s.ID) })
	if err != nil {
		t.Fatal(err)
	}
	if n := get[int](d, `SELECT count(*) FROM sessions`); n != 0 {
		t.Errorf("%d are left", n)
	}
}
