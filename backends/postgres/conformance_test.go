package postgres_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
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
	}{
		{"direct", nil, false, false},
		{"bound", nil, false, true},
		{"unprepared", []string{"default_query_exec_mode=cache_describe"}, false, false},
		{"text", []string{"default_query_exec_mode=exec"}, false, false},
		{"text of a role with settings", append(unusual, "default_query_exec_mode=exec"), false, false},
		{"simple", append(unusual, "default_query_exec_mode=simple_protocol"), false, false},
		{"binary of a role with settings", unusual, false, false},
		{"serializable", []string{"default_transaction_isolation=serializable"}, false, false},
		{"PgBouncer", nil, true, false},
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
