package bench

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/gosessions/sessions/internal/services"
)

// servers are those that the rows need, for themselves alone.
type servers struct {
	redis                         *services.RedisNode
	postgres                      *services.PostgresNode
	redisVersion, postgresVersion string
	load                          string // the machine's load average before the first row, "" if unknown
}

func startServers(t *testing.T) *servers {
	s := &servers{
		load:  field("/proc/loadavg", `^(\S+)`),
		redis: services.RedisServer(t, services.RedisOptions{}),
		postgres: services.PostgresServer(t, services.PostgresOptions{Config: []string{
			"fsync = on", "shared_buffers = 128MB", "max_connections = 300",
			"shared_preload_libraries = 'pg_stat_statements'", "pg_stat_statements.track = none",
		}}),
	}
	s.redisVersion = s.redis.Info("server", "redis_version")
	conn, err := pgx.Connect(t.Context(), s.postgres.URL())
	if err != nil {
		t.Fatal(err)
	}
	s.postgresVersion, _, _ = strings.Cut(conn.PgConn().ParameterStatus("server_version"), " ")
	must(conn.Close(t.Context()))
	if s.redisVersion == "" || s.postgresVersion == "" {
		t.Fatalf("the version of Redis is %q, that of Postgres %q", s.redisVersion, s.postgresVersion)
	}
	return s
}

// enter returns the row's contestants, with an empty server. With count, what they
// do there is counted.
func (s *servers) enter(t *testing.T, r *row, count bool) (list []contestant, address string) {
	switch r.place {
	case cookiePlace:
		return onCookie(t, "", r.what, r.values), ""
	case memoryPlace:
		return onMemory(t, "", r.what, r.values), ""
	case redisPlace:
		if _, err := s.redis.Do("FLUSHALL"); err != nil {
			t.Fatal(err)
		}
		return onRedis(t, s.redis.URL(), r.what, r.values), s.redis.URL()
	case postgresPlace:
		name := services.Unique("bench_")
		must(s.postgres.Do("CREATE DATABASE " + name))
		t.Cleanup(func() { must(s.postgres.Do("DROP DATABASE " + name + " WITH (FORCE)")) })
		address = strings.Replace(s.postgres.URL(), "/postgres?", "/"+name+"?", 1)
		settings := address
		if r.noWait {
			settings = services.With(t, settings, "synchronous_commit=off")
		}
		if count {
			settings = counting(t, settings)
		}
		return onPostgres(t, settings, r.what, r.values), address
	case sqlitePlace:
		if r.noWait {
			address = "off"
		}
		return onSQLite(t, address, r.what, r.values), ""
	case mariadbPlace:
		return onMariaDB(t, services.MariaDB(t), r.what, r.values), ""
	}
	panic("no such place")
}
