package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// TestE8_R35_PgBouncer: a pool as pgx makes it by default, and Open's, through
// a PgBouncer that knows no prepared statements and gives the statements of 64
// workers to two server connections. No operation fails.
func TestE8_R35_PgBouncer(t *testing.T) {
	url := services.Postgres(t)
	pooler := services.PgBouncer(t, url, "default_pool_size = 2").URL()
	d := openURL(t, pooler, url)
	plain := postgres.New(newPool(t, services.With(t, pooler, "pool_max_conns=32")), &postgres.Options{SweepEvery: never})
	defer plain.Close()
	exec := postgres.New(newPool(t, services.With(t, pooler, "default_query_exec_mode=exec")), &postgres.Options{SweepEvery: never})
	defer exec.Close()
	simple := postgres.New(newPool(t, services.With(t, pooler, "default_query_exec_mode=simple_protocol")), &postgres.Options{SweepEvery: never})
	defer simple.Close()
	uncached := postgres.New(newPool(t, services.With(t, pooler, "description_cache_capacity=0")), &postgres.Options{SweepEvery: never})
	defer uncached.Close()
	for name, b := range map[string]*postgres.Backend{"open": d.Backend, "exec": exec, "simple": simple, "uncached": uncached} {
		if err := useAll(t, b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		d.sql("TRUNCATE sessions")
	}
	together(64, func(n int) {
		name := fmt.Sprint("worker", n)
		if err := plain.Swap(t.Context(), name, nil, record("0", name)); err != nil {
			t.Error(err)
			return
		}
		for i := range 25 {
			r, err := plain.Read(t.Context(), name)
			if err != nil || string(r.Data) != fmt.Sprint(i) {
				t.Errorf("got %q, %v", r.Data, err)
				return
			}
			if err := plain.Swap(t.Context(), name, r.Data, record(fmt.Sprint(i+1), name)); err != nil {
				t.Error(err)
				return
			}
			if _, err := plain.Touch(t.Context(), name, time.Hour); err != nil {
				t.Error(err)
				return
			}
		}
	})
}

// TestE7_R13_ClientsWhoHangUpKeepThePool: a query whose context is canceled
// costs pgx its connection. Clients who hang up in the middle of a load or a
// commit cost none, because the middleware does not give their context to the
// backend.
func TestE7_R13_ClientsWhoHangUpKeepThePool(t *testing.T) {
	d := open(t)
	pool := newPool(t, services.With(t, d.url, "application_name=used"))
	b := postgres.New(pool, &postgres.Options{SweepEvery: never})
	defer b.Close()
	mw, err := sessions.New(b, &sessions.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	const key sessions.Key[int] = "n"
	n := 0
	handler := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err == nil {
			n, err = key.Update(s, func(n int) (int, error) { return n + 1, nil })
		}
		if err != nil {
			sessions.Error(w, r, err)
		}
	}))
	var cookies []*http.Cookie
	request := func(ctx context.Context) *httptest.ResponseRecorder {
		r, w := httptest.NewRequestWithContext(ctx, "GET", "/", nil), httptest.NewRecorder()
		for _, c := range cookies {
			r.AddCookie(c)
		}
		handler.ServeHTTP(w, r)
		return w
	}
	cookies = request(t.Context()).Result().Cookies()
	const clients = 20
	for i := range clients {
		lock := `LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE` // the load has to wait
		if i%2 == 1 {
			lock = `SELECT FROM sessions FOR UPDATE` // the commit has to
		}
		tx, err := d.pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), lock); err != nil {
			t.Fatal(err)
		}
		ctx, hangUp := context.WithCancel(t.Context())
		together(2, func(who int) {
			if who == 0 {
				if w := request(ctx); w.Code != http.StatusOK || n != i+2 {
					t.Errorf("client %d: got %d, counted to %d", i, w.Code, n)
				}
				return
			}
			for !get[bool](d, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'used' AND datname = current_database() AND wait_event_type = 'Lock')`) {
			}
			hangUp()
			tx.Rollback(t.Context())
		})
	}
	if n := pool.Stat().NewConnsCount(); n != 1 {
		t.Errorf("%d clients who hung up cost %d connections, want 1", clients, n)
	}
}

// TestF17_IdleConnectionsClosedByTheServer: connections that the server closed
// while they were idle cost no operation, not even a commit.
func TestF17_IdleConnectionsClosedByTheServer(t *testing.T) {
	url := services.Postgres(t)
	for _, test := range []struct {
		name string
		new  func() (*postgres.Backend, error)
	}{
		{"Open", func() (*postgres.Backend, error) {
			return postgres.Open(url, &postgres.Options{SweepEvery: never})
		}},
		{"New", func() (*postgres.Backend, error) {
			return postgres.New(newPool(t, url), &postgres.Options{SweepEvery: never}), nil
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, err := test.new()
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			if err := b.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			admin, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer admin.Close(context.Background())
			for i := range 4 {
				together(4, func(n int) { // so that there are several idle connections
					var err error
					if i%2 == 0 {
						_, err = b.Write(t.Context(), fmt.Sprint(n), record("data", ""))
					} else {
						_, err = b.Read(t.Context(), fmt.Sprint(n))
					}
					if err != nil {
						t.Errorf("turn %d: %v", i, err)
					}
				})
				var left int
				err := admin.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&left)
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestF17_IdleConnectionsClosedInSilence: the same where the other side said
// nothing before it closed, as proxies do.
func TestF17_IdleConnectionsClosedInSilence(t *testing.T) {
	d := open(t)
	config, err := pgxpool.ParseConfig(d.url)
	if err != nil {
		t.Fatal(err)
	}
	config.AfterRelease = func(conn *pgx.Conn) bool { return conn.PgConn().Conn().(*net.TCPConn).CloseRead() == nil }
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	b := postgres.New(pool, &postgres.Options{SweepEvery: never})
	defer b.Close()
	for i := range 3 {
		if _, err := b.Write(t.Context(), "id", record("data", "")); err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if n := pool.Stat().NewConnsCount(); n != 3 {
		t.Errorf("%d connections were made, want 3", n)
	}
}

// TestF17_ConnectionClosedUnderAStatement: connections that break under a
// statement: what only reads is read again, on up to three of them, and a
// commit is left to the caller, who must find out.
func TestF17_ConnectionClosedUnderAStatement(t *testing.T) {
	d := open(t)
	d.write("id", "data", "alice")
	tests := []struct {
		name  string
		op    func(*postgres.Backend) error
		again bool
	}{
		{"Read", func(b *postgres.Backend) error { _, err := b.Read(t.Context(), "id"); return err }, true},
		{"Exists", func(b *postgres.Backend) error { _, err := b.Exists(t.Context(), "id"); return err }, true},
		{"ListSubject", func(b *postgres.Backend) error { _, err := b.ListSubject(t.Context(), "alice"); return err }, true},
		{"Touch", func(b *postgres.Backend) error { _, err := b.Touch(t.Context(), "id", time.Hour); return err }, true},
		{"Write", func(b *postgres.Backend) error {
			_, err := b.Write(t.Context(), "id", record("data", "alice"))
			return err
		}, false},
		{"Swap", func(b *postgres.Backend) error {
			return b.Swap(t.Context(), "id", []byte("data"), record("data", "alice"))
		}, false},
		{"Rotate", func(b *postgres.Backend) error {
			return b.Rotate(t.Context(), "id", []byte("data"), record("data", "alice"), "new", record("new", "alice"))
		}, false},
		{"RevokeSubject", func(b *postgres.Backend) error { _, err := b.RevokeSubject(t.Context(), "alice", ""); return err }, true},
		{"Remove", func(b *postgres.Backend) error { return b.Remove(t.Context(), "id") }, true},
	}
	for i := range 3 * len(tests) {
		test, losses := tests[i/3], int32(i%3+1)
		t.Run(fmt.Sprint(test.name, ", ", losses, " times"), func(t *testing.T) {
			config, err := pgxpool.ParseConfig(d.url)
			if err != nil {
				t.Fatal(err)
			}
			var tracer killer
			config.ConnConfig.Tracer = &tracer
			pool, err := pgxpool.NewWithConfig(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			b := postgres.New(pool, &postgres.Options{SweepEvery: never})
			defer b.Close()
			if _, err := b.Exists(t.Context(), "id"); err != nil {
				t.Fatal(err)
			}
			tracer.armed.Store(losses)
			tracer.statements.Store(0)
			err = test.op(b)
			if (err == nil) != (test.again && losses < 3) {
				t.Errorf("got %v", err)
			}
			if errors.Is(err, backends.ErrConflict) || errors.Is(err, backends.ErrNotFound) {
				t.Errorf("got %v of a commit that is in doubt", err)
			}
			want := int32(1)
			if test.again {
				want = min(losses+1, 3)
			}
			if n := tracer.statements.Load(); n != want {
				t.Errorf("sent %d times, want %d", n, want)
			}
		})
	}
}

// killer loses the answers to so many statements after it was armed.
type killer struct {
	armed      atomic.Int32
	statements atomic.Int32
}

func (k *killer) TraceQueryStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	k.statements.Add(1)
	if k.armed.Add(-1) >= 0 {
		// Closing one half would not do: an answer that is quick enough still
		// gets through.
		if err := conn.PgConn().Conn().SetReadDeadline(time.Unix(1, 0)); err != nil {
			panic(err)
		}
	}
	return ctx
}

func (k *killer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TestF21_TableAlteredUnderPreparedStatements: the table is altered, and made
// anew, while statements are prepared.
func TestF21_TableAlteredUnderPreparedStatements(t *testing.T) {
	url := services.Postgres(t)
	for _, mode := range []string{"cache_statement", "cache_describe", "exec"} {
		t.Run(mode, func(t *testing.T) {
			d := openURL(t, services.With(t, url, "pool_max_conns=4", "default_query_exec_mode="+mode), url)
			prepare := func() {
				t.Helper()
				together(4, func(n int) { // on every connection
					for range 8 {
						if err := useSome(t, d.Backend, fmt.Sprint("worker", n)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			prepare()
			for _, change := range []string{
				`ALTER TABLE sessions ADD COLUMN note text DEFAULT 'x'`,
				`ALTER TABLE sessions DROP COLUMN note`,
				`ALTER TABLE sessions ALTER COLUMN subject TYPE varchar USING convert_from(subject, 'UTF8')`,
				`ALTER TABLE sessions ALTER COLUMN subject TYPE bytea USING convert_to(subject, 'UTF8')`,
				`BEGIN; DROP TABLE sessions; ` + postgres.Schema + `; COMMIT`,
			} {
				d.sql(change)
				prepare()
			}
		})
	}
}

func useSome(t *testing.T, b *postgres.Backend, name string) error {
	ctx := t.Context()
	_, write := b.Write(ctx, name, record("a", ""))
	_, read := b.Read(ctx, name)
	swap := b.Swap(ctx, name, []byte("a"), record("b", ""))
	_, touch := b.Touch(ctx, name, time.Hour)
	return errors.Join(write, read, swap, touch, b.Remove(ctx, name))
}

// TestTouchDoesNotWait: touches and sweeps do not wait for the disk, or for a
// replica: here for one that does not exist.
func TestTouchDoesNotWait(t *testing.T) {
	server := services.PostgresServer(t, services.PostgresOptions{Config: []string{"synchronous_standby_names = 'nobody'"}})
	local := services.With(t, server.URL(), "synchronous_commit=local")
	setUp := openURL(t, local, local)
	setUp.write("id", "data", "")
	setUp.fill(100, "true")
	b := postgres.New(newPool(t, server.URL()), &postgres.Options{SweepEvery: never})
	defer b.Close()
	if _, err := b.Touch(t.Context(), "id", time.Hour); err != nil {
		t.Errorf("Touch: %v", err)
	}
	if n, err := b.Sweep(t.Context()); n != 100 || err != nil {
		t.Errorf("Sweep: got %d, %v", n, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := b.Swap(ctx, "id", []byte("data"), record("new", "")); err == nil {
		t.Error("a commit did not wait for the replica, although Touch on the same connection must not change that")
	}
}

// TestContextEnds: the end of the context ends every operation, and what was
// under way on the server.
func TestContextEnds(t *testing.T) {
	d := open(t)
	d.write("id", "data", "")
	tx, err := d.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	if _, err := tx.Exec(t.Context(), `LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	for name, op := range map[string]func(context.Context) error{
		"Read": func(ctx context.Context) error { _, err := d.Read(ctx, "id"); return err },
		"Swap": func(ctx context.Context) error { return d.Swap(ctx, "id", []byte("data"), record("new", "")) },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		began := time.Now()
		err := op(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 20*time.Second { // the lock is held for good
			t.Errorf("%s: got %v after %v", name, err, time.Since(began))
		}
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := d.data("id"); got != "data" {
		t.Errorf("a commit that was given up was carried out: %q", got)
	}
}
