package drivers_test

import (
	"context"
	"testing"
	"time"

	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/sessionstest"
)

// TestConformance: every rule of a backend, with every driver and with the
// settings that other programs of a site may need.
func TestConformance(t *testing.T) {
	each(t, setups, func(t *testing.T, d *database) {
		sessionstest.TestBackend(t, func(*testing.T) backends.Backend { return d.Backend }, &sessionstest.Options{
			// This moment passes by itself as well, slowly on a busy machine.
			Resolution: 5 * time.Second,
			Advance: func(by time.Duration) {
				if _, err := d.db.ExecContext(context.Background(), `UPDATE sessions SET expires_at = expires_at - ?`, by.Microseconds()); err != nil {
					t.Error(err)
				}
			},
		})
	})
}

// TestStorm: log out everywhere, limits and eviction, while sessions change
// their IDs.
func TestStorm(t *testing.T) {
	each(t, append(servers, setups[1], setups[5]), func(t *testing.T, d *database) {
		if err := sessionstest.Storm(t.Context(), d.Backend, 5); err != nil {
			t.Error(err)
		}
	})
}
