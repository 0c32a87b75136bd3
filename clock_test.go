package sessions_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// R25, F25: three instances share a store, and their clocks are five minutes apart,
// and decades from the store's. What lives for a time lives for that time by the
// store's clock, whoever wrote it; what ends at a time, the absolute lifetime,
// is off by no more than the clocks are.
func TestR25_ClocksOfInstances(t *testing.T) {
	const apart = 5 * time.Minute
	redisURL, prefix, postgresURL := services.Redis(t), services.Unique("clock:"), services.Postgres(t)
	openPostgres := func() (*postgres.Backend, error) {
		return postgres.Open(postgresURL, &postgres.Options{SweepEvery: -1})
	}
	b, err := openPostgres()
	if err == nil {
		err = errors.Join(b.Migrate(t.Context()), b.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, store := range []struct {
		name string
		open func() (sessions.Backend, error)
	}{
		{"redis", func() (sessions.Backend, error) { return redis.Open(redisURL, &redis.Options{Prefix: prefix}) }},
		{"postgres", func() (sessions.Backend, error) { return openPostgres() }},
	} {
		for _, config := range []sessions.Config{
			{Lifetime: time.Hour, IdleTimeout: time.Minute}, // which is less than the clocks are apart
			{Lifetime: 11 * time.Minute},                    // just more than the first and the last are
		} {
			for writer := range 3 {
				t.Run(fmt.Sprintf("%s, idle %v, written by %d", store.name, config.IdleTimeout, writer), func(t *testing.T) {
					subject := services.Unique("user")
					cookies := map[string]string{}
					// visit is a request to an instance; check may look at what is
					// stored afterwards.
					visit := func(instance int, f func(s *sessions.Session), check func(r sessions.Record)) {
						t.Helper()
						// In a bubble it is the year 2000, in each of them anew, and
						// nothing passes while somebody waits for a server.
						synctest.Test(t, func(t *testing.T) {
							time.Sleep(time.Duration(instance) * apart)
							b, err := store.open()
							if err != nil {
								t.Fatal(err)
							}
							defer b.(io.Closer).Close()
							mw := newMiddleware(t, b, &config)
							c := newClient(t, nil)
							c.cookies = cookies
							if got := in(c, mw, func(_ *http.Request, s *sessions.Session) { f(s) }); got.StatusCode != 200 {
								t.Fatalf("instance %d: got %d", instance, got.StatusCode)
							}
							list, err := sessions.ListSubject(t.Context(), b, subject)
							if err != nil || len(list) != 1 {
								t.Fatalf("instance %d: %d sessions are stored, %v", instance, len(list), err)
							}
							check(list[0].Record)
						})
					}
					visit(writer, func(s *sessions.Session) {
						check(t, user.Set(s, "ada"))
						check(t, s.SetSubject(subject))
					}, func(r sessions.Record) {
						want := config.Lifetime
						if config.IdleTimeout > 0 {
							want = config.IdleTimeout
						}
						if r.TTL > want || r.TTL < want-30*time.Second {
							t.Errorf("the record lives for %v, want %v", r.TTL, want)
						}
					})
					for _, reader := range []int{0, 2, 1, writer} {
						visit(reader, func(s *sessions.Session) {
							if name, err := user.Get(s); name != "ada" || err != nil {
								t.Errorf("instance %d finds %q, %v: it logged the user out early", reader, name, err)
							}
							_, err := counter.Update(s, func(n int) (int, error) { return n + 1, nil })
							check(t, err)
						}, func(r sessions.Record) {
							most := config.Lifetime + time.Duration(writer-reader)*apart
							if config.IdleTimeout > 0 {
								most = config.IdleTimeout
							}
							if r.TTL > most || r.TTL < most-30*time.Second {
								t.Errorf("after instance %d: the record lives for %v, want %v", reader, r.TTL, most)
							}
						})
					}
				})
			}
		}
	}
}

const counter sessions.Key[int] = "counter"
