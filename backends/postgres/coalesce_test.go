package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2" //rules:allow because it only mixes the workers
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// crowded is a database, and beside it a backend with one connection, whose
// statements are counted.
type crowded struct {
	*database
	one    *postgres.Backend
	only   *pgxpool.Pool // its own
	tracer *killer
}

func openCrowded(t *testing.T) *crowded {
	t.Helper()
	c := &crowded{database: open(t), tracer: &killer{}}
	config, err := pgxpool.ParseConfig(services.With(t, c.url, "pool_max_conns=1", "application_name=shared"))
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Tracer = c.tracer
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	c.only = pool
	c.one = postgres.New(pool, &postgres.Options{SweepEvery: never})
	t.Cleanup(func() { c.one.Close() })
	return c
}

// all lets n calls wait together, and returns the errors of all of them. During, if
// not nil, is called while their statement is under way.
func (c *crowded) all(n int, call func(i int) error, during func()) []error {
	c.t.Helper()
	errs := make([]error, n)
	release := postgres.Hold(c.one)
	c.tracer.statements.Store(0)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { errs[i] = call(i) })
		postgres.AwaitWaiting(c.one, i+1) // in this order
	}
	release()
	if during != nil {
		during()
	}
	wait.Wait()
	return errs
}

// swap swaps the record that c.fill made for another one.
func (c *crowded) swap(ctx context.Context, i int) error {
	return c.one.Swap(ctx, id(i), []byte("old"), record(fmt.Sprint("new", i), "alice"))
}

func (c *crowded) fill(n int) {
	c.t.Helper()
	for i := range n {
		c.write(id(i), "old", "")
	}
}

// blocked waits until the shared statement waits for a lock of another transaction.
func (c *crowded) blocked() {
	c.t.Helper()
	for !get[bool](c.database, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'shared' AND datname = current_database() AND wait_event_type = 'Lock')`) {
		runtime.Gosched()
	}
}

// lock executes sql in a transaction of its own and returns its end.
func (c *crowded) lock(sql string) (unlock func()) {
	c.t.Helper()
	tx, err := c.pool.Begin(c.t.Context())
	if err == nil {
		_, err = tx.Exec(c.t.Context(), sql)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	unlock = func() { _ = tx.Rollback(context.Background()) }
	c.t.Cleanup(unlock)
	return unlock
}

// TestShared_Reads: reads that wait for a connection go out as one statement, and
// each gets its own record.
func TestShared_Reads(t *testing.T) {
	c := openCrowded(t)
	brief, err := c.one.Bind(backends.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	const n = 10
	for i := range n {
		c.write(id(i), fmt.Sprint("data", i), fmt.Sprint("user", i))
	}
	c.expire(id(n - 1))
	for name, b := range map[string]backends.Backend{"all": c.one, "data": brief} {
		t.Run(name, func(t *testing.T) {
			got := make([]backends.Record, 2*n+1)
			errs := c.all(2*n+1, func(i int) (err error) {
				got[i], err = b.Read(t.Context(), id(i/2)) // each twice; the last one does not exist
				return err
			}, nil)
			if sent := c.tracer.statements.Load(); sent != 1 {
				t.Errorf("%d statements, want 1", sent)
			}
			for i, err := range errs {
				if i/2 >= n-1 {
					if err != backends.ErrNotFound {
						t.Errorf("%d: got %v, want ErrNotFound", i, err)
					}
					continue
				}
				r := got[i]
				if err != nil || string(r.Data) != fmt.Sprint("data", i/2) {
					t.Errorf("%d: got %q, %v", i, r.Data, err)
				}
				if name == "all" && (r.Subject != fmt.Sprint("user", i/2) || r.TTL <= 0 || r.TTL > time.Hour) {
					t.Errorf("%d: got the subject %q and %v", i, r.Subject, r.TTL)
				}
				clear(r.Data) // nobody else sees this
			}
		})
	}
}

// TestShared_Swaps: swaps that wait for a connection go out as one statement, and
// each has its own outcome.
func TestShared_Swaps(t *testing.T) {
	c := openCrowded(t)
	const n = 10
	c.fill(n)
	c.write(id(n), "another", "bob") // a conflict
	errs := c.all(n+2, func(i int) error { return c.swap(t.Context(), i) }, nil)
	for i, err := range errs {
		if i < n && err != nil || i >= n && err != backends.ErrConflict {
			t.Errorf("%d: got %v", i, err)
		}
	}
	if sent := c.tracer.statements.Load(); sent != 3 {
		t.Errorf("%d statements, want one, and one for each of the two that did not match", sent)
	}
	for i := range n {
		r, err := c.Read(t.Context(), id(i))
		if err != nil || string(r.Data) != fmt.Sprint("new", i) || r.Subject != "alice" || r.TTL <= 59*time.Minute {
			t.Errorf("%d: stored %q of %q for %v, %v", i, r.Data, r.Subject, r.TTL, err)
		}
	}
	if c.data(id(n)) != "another" || c.subject(id(n)) != "bob" {
		t.Error("a swap that conflicted changed the record")
	}
}

// TestShared_FiledAt: a record that keeps its subject keeps its place among the
// subject's records.
func TestShared_FiledAt(t *testing.T) {
	c := openCrowded(t)
	c.write(id(0), "old", "alice")
	c.write(id(1), "old", "bob")
	c.sql(`UPDATE sessions SET filed_at = now() - interval '1 day'`)
	for i, err := range c.all(2, func(i int) error { return c.swap(t.Context(), i) }, nil) {
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	for i, kept := range []bool{true, false} {
		if got := get[bool](c.database, `SELECT filed_at < now() - interval '1 hour' FROM sessions WHERE id = $1`, []byte(id(i))); got != kept {
			t.Errorf("%d: kept its place: %v, want %v", i, got, kept)
		}
	}
}

// TestShared_OneRecord: of several swaps of one record that wait together, one is
// done.
func TestShared_OneRecord(t *testing.T) {
	c := openCrowded(t)
	c.fill(2)
	errs := c.all(6, func(i int) error { return c.swap(t.Context(), i%2) }, nil)
	done := [2]int{}
	for i, err := range errs {
		if err == nil {
			done[i%2]++
		} else if err != backends.ErrConflict {
			t.Errorf("%d: got %v", i, err)
		}
	}
	if done != [2]int{1, 1} {
		t.Errorf("done %v times, want once each", done)
	}
}

// TestShared_BadRecord: a record that the server refuses hurts no other.
func TestShared_BadRecord(t *testing.T) {
	c := openCrowded(t)
	c.fill(5)
	c.sql(`ALTER TABLE sessions ADD CHECK (data <> 'new3')`)
	for i, err := range c.all(5, func(i int) error { return c.swap(t.Context(), i) }, nil) {
		if (err != nil) != (i == 3) || i == 3 && !errors.Is(err, backends.ErrNotApplied) {
			t.Errorf("%d: got %v", i, err)
		}
	}
}

// TestShared_LockedRecord: a record that another transaction has locked holds up no
// other, and is swapped when it is free.
func TestShared_LockedRecord(t *testing.T) {
	c := openCrowded(t)
	c.fill(5)
	unlock := c.lock(`SELECT FROM sessions WHERE id = 'id-00000003' FOR UPDATE`)
	others := make(chan error, 4)
	errs := c.all(5, func(i int) error {
		err := c.swap(t.Context(), i)
		if i != 3 {
			others <- err
		}
		return err
	}, func() {
		for range 4 {
			if err := <-others; err != nil {
				t.Error(err)
			}
		}
		unlock()
	})
	if errs[3] != nil {
		t.Errorf("the locked one: %v", errs[3])
	}
}

// TestShared_Contexts: a caller whose context ends returns, whether its statement is
// under way or not, and no other notices.
func TestShared_Contexts(t *testing.T) {
	t.Run("before", func(t *testing.T) {
		c := openCrowded(t)
		c.fill(3)
		ctx, cancel := context.WithCancel(t.Context())
		release := postgres.Hold(c.one)
		errs := make(chan error, 2)
		go func() { errs <- c.swap(ctx, 0) }()
		postgres.AwaitWaiting(c.one, 1)
		cancel()
		if err := <-errs; !errors.Is(err, context.Canceled) || !errors.Is(err, backends.ErrNotApplied) {
			t.Errorf("a swap: got %v", err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		go func() { _, err := c.one.Read(ctx, id(1)); errs <- err }()
		postgres.AwaitWaiting(c.one, 1)
		cancel()
		if err := <-errs; err != context.Canceled {
			t.Errorf("a read: got %v", err)
		}
		release()
		if err := c.swap(t.Context(), 2); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		if c.data(id(0)) != "old" {
			t.Error("a swap was carried out that had been given up")
		}
	})
	t.Run("one", func(t *testing.T) {
		c := openCrowded(t)
		c.fill(5)
		unlock := c.lock(`LOCK TABLE sessions IN SHARE MODE`)
		ctx, cancel := context.WithCancel(t.Context())
		returned := make(chan error, 1)
		errs := c.all(5, func(i int) error {
			if i != 0 {
				return c.swap(t.Context(), i)
			}
			err := c.swap(ctx, i) // the first one, whose context the statement must not have
			returned <- err
			return err
		}, func() {
			c.blocked()
			cancel()
			if err := <-returned; !errors.Is(err, context.Canceled) || errors.Is(err, backends.ErrNotApplied) {
				t.Errorf("got %v, want an error that leaves the outcome open", err)
			}
			unlock()
		})
		for i, err := range errs[1:] {
			if err != nil {
				t.Errorf("%d: %v", i+1, err)
			}
		}
		if sent := c.tracer.statements.Load(); sent != 1 {
			t.Errorf("%d statements, want 1", sent)
		}
	})
	t.Run("all", func(t *testing.T) {
		c := openCrowded(t)
		c.fill(5)
		c.lock(`LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE`)
		ctx, cancel := context.WithCancel(t.Context())
		for i, err := range c.all(5, func(i int) error { return c.swap(ctx, i) }, func() {
			c.blocked()
			cancel()
		}) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%d: got %v", i, err)
			}
		}
		for get[bool](c.database, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'shared' AND datname = current_database() AND state = 'active')`) {
			runtime.Gosched() // until the server has ended it, although the lock is held
		}
	})
}

// TestShared_CallersData: a caller that has returned may use its data for something
// else, even if the statement is still to be sent.
func TestShared_CallersData(t *testing.T) {
	c := openCrowded(t)
	c.fill(2)
	conn, err := c.only.Acquire(t.Context()) // the statement has to wait for it
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	old, data := []byte("old"), []byte("new")
	returned := make(chan error, 1)
	errs := c.all(2, func(i int) error {
		if i == 1 {
			return c.swap(t.Context(), i)
		}
		err := c.one.Swap(ctx, id(i), old, backends.Record{Data: data, TTL: time.Hour})
		returned <- err
		return err
	}, func() {
		cancel()
		<-returned
		copy(old, "xxx")
		copy(data, "yyy")
		conn.Release()
	})
	if errs[1] != nil {
		t.Error(errs[1])
	}
	if got := c.data(id(0)); got != "new" {
		t.Errorf("stored %q", got)
	}
}

// TestShared_LostAnswer: if the connection breaks, reads are repeated, and the outcome
// of every swap is unknown.
func TestShared_LostAnswer(t *testing.T) {
	c := openCrowded(t)
	c.fill(5)
	if _, err := c.one.Read(t.Context(), id(0)); err != nil {
		t.Fatal(err)
	}
	c.tracer.armed.Store(1)
	for i, err := range c.all(5, func(i int) error { _, err := c.one.Read(t.Context(), id(i)); return err }, nil) {
		if err != nil {
			t.Errorf("read %d: %v", i, err)
		}
	}
	c.tracer.armed.Store(1)
	for i, err := range c.all(5, func(i int) error { return c.swap(t.Context(), i) }, nil) {
		if err == nil || errors.Is(err, backends.ErrConflict) || errors.Is(err, backends.ErrNotApplied) {
			t.Errorf("swap %d: got %v, want an error that leaves the outcome open", i, err)
		}
	}
	if sent := c.tracer.statements.Load(); sent != 1 {
		t.Errorf("%d statements: commits are sent once", sent)
	}
}

// TestShared_Interrupted: where the server's last words show that nothing was changed,
// every swap is sent again.
func TestShared_Interrupted(t *testing.T) {
	c := openCrowded(t)
	c.fill(5)
	unlock := c.lock(`LOCK TABLE sessions IN SHARE MODE`)
	for i, err := range c.all(5, func(i int) error { return c.swap(t.Context(), i) }, func() {
		c.blocked()
		c.sql(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'shared' AND datname = current_database()`)
		unlock()
	}) {
		if err != nil || c.data(id(i)) != fmt.Sprint("new", i) {
			t.Errorf("%d: %v, stored %q", i, err, c.data(id(i)))
		}
	}
}

// TestShared_TableAltered: a shared statement that was prepared before the table was
// altered costs nobody anything.
func TestShared_TableAltered(t *testing.T) {
	c := openCrowded(t)
	c.fill(6)
	for i, change := range []string{
		`SELECT`,
		`ALTER TABLE sessions ALTER COLUMN subject TYPE varchar USING convert_from(subject, 'UTF8')`,
		`ALTER TABLE sessions ALTER COLUMN subject TYPE bytea USING convert_to(subject, 'UTF8')`,
	} {
		c.sql(change)
		errs := c.all(4, func(n int) error {
			if n < 2 {
				_, err := c.one.Read(t.Context(), id(n))
				return err
			}
			return c.swap(t.Context(), 2*i+n-2)
		}, nil)
		if err := errors.Join(errs...); err != nil {
			t.Errorf("after %s: %v", change, err)
		}
	}
}

// TestShared_Partitions: in a table that its owner has divided, where rows of several
// partitions have the same place, each swap changes its own.
func TestShared_Partitions(t *testing.T) {
	c := openCrowded(t)
	c.sql(`ALTER TABLE sessions RENAME TO whole`)
	c.sql(`CREATE TABLE sessions (LIKE whole INCLUDING DEFAULTS, PRIMARY KEY (id)) PARTITION BY HASH (id)`)
	for i := range 3 {
		c.sql(fmt.Sprintf(`CREATE TABLE part%d PARTITION OF sessions FOR VALUES WITH (MODULUS 3, REMAINDER %d)`, i, i))
	}
	c.fill(20)
	if err := errors.Join(c.all(3, func(i int) error { return c.swap(t.Context(), i) }, nil)...); err != nil {
		t.Error(err)
	}
	for i := range 20 {
		want := "old"
		if i < 3 {
			want = fmt.Sprint("new", i)
		}
		if got := c.data(id(i)); got != want {
			t.Errorf("%d: stored %q, want %q", i, got, want)
		}
	}
}

// TestShared_Bounds: a shared statement carries no more than it should.
func TestShared_Bounds(t *testing.T) {
	for _, test := range []struct {
		name        string
		calls, size int
	}{
		{"many", postgres.MaxShared + 1, 1},
		{"large", 3, 100 << 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := openCrowded(t)
			c.fill(test.calls)
			data := bytes.Repeat([]byte("x"), test.size)
			errs := c.all(test.calls, func(i int) error {
				return c.one.Swap(t.Context(), id(i), []byte("old"), backends.Record{Data: data, TTL: time.Hour})
			}, nil)
			if err := errors.Join(errs...); err != nil {
				t.Error(err)
			}
			if sent := c.tracer.statements.Load(); sent != 2 {
				t.Errorf("%d statements, want all but one together, and the last one", sent)
			}
		})
	}
}

// TestShared_Instances: two instances with few connections, one of them behind a
// PgBouncer without prepared statements, that change the same few records all the
// time, touch them and give them other IDs: no change is lost, and there is no
// deadlock.
func TestShared_Instances(t *testing.T) {
	d := open(t)
	pooler := services.PgBouncer(t, d.url, "default_pool_size = 2").URL()
	instances := []*postgres.Backend{
		postgres.New(newPool(t, services.With(t, d.url, "pool_max_conns=2")), &postgres.Options{SweepEvery: never}),
		postgres.New(newPool(t, services.With(t, pooler, "pool_max_conns=2")), &postgres.Options{SweepEvery: never}),
	}
	const records, workers, changes = 8, 32, 25
	for i := range records {
		d.write(id(i), "0", "")
	}
	together(workers, func(n int) {
		b, random := instances[n%2], rand.New(rand.NewPCG(uint64(n), 1))
		for done := 0; done < changes; {
			name := id(random.IntN(records))
			r, err := b.Read(t.Context(), name)
			if err != nil {
				t.Error(err)
				return
			}
			var count int
			if _, err := fmt.Sscan(string(r.Data), &count); err != nil {
				t.Error(err)
				return
			}
			next := record(fmt.Sprint(count+1), "")
			switch random.IntN(8) {
			case 0:
				_, err = b.Touch(t.Context(), name, time.Hour)
				done--
			case 1: // two records in one statement; this one stays as it is
				if err = b.Rotate(t.Context(), name, r.Data, r, id(records+rand.IntN(1<<30)), next); err == nil {
					done--
				}
			default:
				err = b.Swap(t.Context(), name, r.Data, next)
			}
			switch err {
			case nil:
				done++
			case backends.ErrConflict:
			default:
				t.Error(err)
				return
			}
		}
	})
	total := 0
	for i := range records {
		var count int
		if _, err := fmt.Sscan(d.data(id(i)), &count); err != nil {
			t.Fatal(err)
		}
		total += count
	}
	if total != workers*changes {
		t.Errorf("counted to %d, want %d", total, workers*changes)
	}
	for _, b := range instances {
		b.Close()
	}
	if n := get[int](d, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
}
