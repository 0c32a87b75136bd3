// Package services gives tests the real servers that the backends talk to:
// Redis (alone, as a cluster, under Sentinel), Postgres, PgBouncer, MariaDB and NATS.
//
// A test asks for what it needs and gets it, or is skipped with the reason. In
// CI, where the environment variable CI is "true", nothing may be skipped: the
// test fails.
//
//	url := services.Redis(t)            // shared: use keys of your own
//	dsn := services.Postgres(t)         // shared server, database of your own
//	server := services.RedisServer(t, services.RedisOptions{})  // yours: kill it
//
// Shared servers are those that REDIS_URL, DATABASE_URL, MYSQL_URL and NATS_URL name, else
// those on the standard ports of this machine, else private ones that are started once
// for the test program. Whatever is started here ends with the test.
package services

import (
	"crypto/rand"
	"os"
	"strings"
	"sync"

	"github.com/gosessions/sessions/internal/process"
)

// T is what this package needs of a *testing.T, *testing.B or *testing.F.
type T = process.T

// Unique returns a name that no other test uses, now or later: lower-case
// letters and digits behind prefix, fit for a Redis key or an SQL name.
func Unique(prefix string) string {
	return prefix + strings.ToLower(rand.Text()[:16])
}

// missing ends a test that lacks a part of the machine.
func missing(t T, what string, err error) {
	t.Helper()
	if _, ok := t.(*process.Lasting); ok {
		t.Fatalf("%w", err) // the caller reports it
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing, and in CI nothing is skipped: %v", what, err)
	}
	t.Skipf("needs %s: %v (make test installs it where it can)", what, err)
}

// shared is a server of which the test program needs only one.
type shared struct {
	variable string // of the environment, in which its address stands
	once     sync.Once
	url      string
	err      error
}

// get returns the server's address, looking for it or starting it the first
// time. The programs that tests start find it in the environment.
func (s *shared) get(find func() string, start func(T) string) (string, error) {
	s.once.Do(func() {
		if s.url = find(); s.url == "" {
			var life process.Lasting // ends with the program
			if s.err = life.Try(func(t T) { s.url = start(t) }); s.err != nil {
				life.Close()
				return
			}
		}
		if s.err = os.Setenv(s.variable, s.url); s.err != nil {
			s.url = ""
		}
	})
	return s.url, s.err
}
