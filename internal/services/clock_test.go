package services_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/internal/services"
)

// TestClock: a private server's clock can be set while it runs, and no one
// else's.
func TestClock(t *testing.T) {
	t.Parallel()
	clock := services.NewClock(t)
	redis := services.RedisServer(t, services.RedisOptions{Clock: clock})
	postgres := services.PostgresServer(t, services.PostgresOptions{Clock: clock})
	conn, err := pgx.Connect(t.Context(), postgres.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, ahead := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute, 24 * time.Hour, 0} {
		clock.Set(ahead)
		answer := do(t, redis, "TIME").([]any)
		seconds, err := strconv.ParseInt(answer[0].(string), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		var now time.Time
		if err := conn.QueryRow(t.Context(), `SELECT now()`).Scan(&now); err != nil {
			t.Fatal(err)
		}
		for name, got := range map[string]time.Duration{"Redis": time.Until(time.Unix(seconds, 0)), "Postgres": time.Until(now)} {
			if off := got - ahead; off < -time.Minute || off > time.Minute {
				t.Errorf("%s: the clock is ahead by %v, want %v", name, got, ahead)
			}
		}
	}
}
