package postgres_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
	"github.com/gosessions/sessions/sessionstest"
)

// unusual are settings of a role that change how values look in text.
var unusual = slices.Clip([]string{"bytea_output=escape", "IntervalStyle=sql_standard", "DateStyle=SQL, DMY"})

// TestConformance: every rule of a backend, in every mode in which this one can
// be run.
func TestConformance(t *testing.T) {
	for _, mode := range []struct {
		name     string
		settings []string
		pooler   bool
		bound    bool // as the middleware binds it without an idle timeout
		shared   bool // reads and swaps share their statements with others
	}{
		{"direct", nil, false, false, false},
		{"bound", nil, false, true, false},
		{"shared", append(unusual, "pool_max_conns=1"), false, false, true},
		{"shared, PgBouncer", []string{"pool_max_conns=1"}, true, false, true},
		{"unprepared", []string{"default_query_exec_mode=cache_describe"}, false, false, false},
		{"text", []string{"default_query_exec_mode=exec"}, false, false, false},
		{"text of a role with settings", append(unusual, "default_query_exec_mode=exec"), false, false, false},
		{"simple", append(unusual, "default_query_exec_mode=simple_protocol"), false, false, false},
		{"binary of a role with settings", unusual, false, false, false},
		{"serializable", []string{"default_transaction_isolation=serializable"}, false, false, false},
		{"PgBouncer", nil, true, false, false},
	} {
		t.Run(mode.name, func(t *testing.T) {
			direct := services.Postgres(t)
			url := direct
			if mode.pooler {
				url = services.PgBouncer(t, direct, "default_pool_size = 3").URL()
			}
			d := openURL(t, services.With(t, url, mode.settings...), direct)
			var b backends.Backend = d.Backend
			if mode.bound {
				var err error
				if b, err = d.Bind(backends.Settings{}); err != nil {
					t.Fatal(err)
				}
			}
			if mode.shared {
				b = sharing(t, d.Backend)
			}
			sessionstest.TestBackend(t, func(*testing.T) backends.Backend { return b }, &sessionstest.Options{
				// What has expired is what lies before the server's clock: moving
				// everything back is moving the clock forward.
				// This moment passes by itself as well, slowly on a busy machine.
				Resolution: 5 * time.Second,
				Advance: func(by time.Duration) {
					if _, err := d.pool.Exec(context.Background(), `UPDATE sessions SET expires_at = expires_at - $1::interval`, by); err != nil {
						t.Error(err)
					}
				},
			})
		})
	}
}

// sharing returns b, which has one connection, so that each read, and each swap that
// can share its statement, waits beside another one for the connection.
func sharing(t *testing.T, b *postgres.Backend) backends.Backend {
	var alone sync.Mutex
	shared := 0
	t.Cleanup(func() {
		if shared < 20 {
			t.Errorf("%d statements were shared", shared)
		}
	})
	return backends.Intercept(b, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if op != backends.OpRead && op != backends.OpSwap {
			return next(ctx)
		}
		alone.Lock()
		defer alone.Unlock()
		release := postgres.Hold(b)
		other, this := make(chan error, 1), make(chan error, 1)
		go func() {
			var err error
			if op == backends.OpRead {
				_, err = b.Read(context.Background(), "another")
			} else {
				err = b.Swap(context.Background(), "another", []byte("old"), record("new", ""))
			}
			other <- err
		}()
		postgres.AwaitWaiting(b, 1)
		go func() { this <- next(ctx) }()
		for postgres.Waiting(b) < 2 {
			select {
			case err := <-this: // it did not have to wait
				release()
				<-other
				return err
			default:
				runtime.Gosched()
			}
		}
		shared++
		release()
		<-other
		return <-this
	})
}
