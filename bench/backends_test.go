package bench

import (
	stdsql "database/sql"
	"path/filepath"
	"testing"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/mysqlstore"
	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/antonlindstrom/pgstore"
	"github.com/boj/redistore"
	gincookie "github.com/gin-contrib/sessions/cookie"
	ginmemory "github.com/gin-contrib/sessions/memstore"
	ginpostgres "github.com/gin-contrib/sessions/postgres"
	ginredis "github.com/gin-contrib/sessions/redis"
	_ "github.com/go-sql-driver/mysql"
	fiberpostgres "github.com/gofiber/storage/postgres/v3"
	fiberredis "github.com/gofiber/storage/redis/v3"
	"github.com/gorilla/sessions"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
	gorillamemory "github.com/quasoft/memstore"
	goredis "github.com/redis/go-redis/v9"

	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/backends/sql"
	"github.com/gosessions/sessions/backends/sqlite"
	"github.com/gosessions/sessions/internal/services"
)

const secret = "a secret that Flask has too, of 32 bytes or more"

// gorillaKey is what gorilla/sessions and its kin sign with.
var gorillaKey = []byte("01234567890123456789012345678901")

// Each of these returns a row's contestants: the floor, ours, then the peers. Fiber
// and scs have no sessions in cookies. Of gorilla and its kin nothing gives a
// session a new ID.

func onCookie(tb testing.TB, _, what string, m map[string]any) []contestant {
	return []contestant{
		floorFlask(secret, what, m),
		oursOn(tb, cookie.New(cookie.Flask(secret)), what, m),
		gorillaOn(tb, sessions.NewCookieStore(gorillaKey), what, m),
		ginOn(tb, gincookie.NewStore(gorillaKey), what, m),
		echoOn(tb, sessions.NewCookieStore(gorillaKey), what, m),
	}
}

func onMemory(tb testing.TB, _, what string, m map[string]any) []contestant {
	list := []contestant{
		floorMemory(&table{rows: map[string][]byte{}}, what, m),
		oursOn(tb, memory.New(nil), what, m),
		scsOnStore(tb, memstore.NewWithCleanupInterval(0), what, m),
	}
	if what != "login" {
		list = append(list,
			gorillaOn(tb, gorillamemory.NewMemStore(gorillaKey), what, m),
			ginOn(tb, ginmemory.NewStore(gorillaKey), what, m),
			echoOn(tb, gorillamemory.NewMemStore(gorillaKey), what, m))
	}
	return append(list, fiberOn(tb, nil, what, m))
}

// idle is how many connections redigo keeps, which closes the others after each
// use. It is as many as go-redis has on two cores.
const idle = 20

func onRedis(tb testing.TB, address, what string, m map[string]any) []contestant {
	options, err := goredis.ParseURL(address)
	must(err)
	client := goredis.NewClient(options)
	storage := fiberredis.New(fiberredis.Config{URL: address})
	b, err := redis.Open(address, nil)
	must(err)
	tb.Cleanup(func() {
		must(client.Close())
		must(storage.Close())
		must(b.Close())
	})
	list := []contestant{
		floorGoRedis(client, what, m),
		oursOn(tb, b, what, m),
		scsOnStore(tb, goredisstore.New(client), what, m),
	}
	fiber := fiberOn(tb, storage, what, m)
	if what == "login" {
		return append(list, fiber)
	}
	open := func() *redistore.RediStore {
		store, err := redistore.NewRediStore(idle, "tcp", options.Addr, "", "", gorillaKey)
		must(err)
		store.SetMaxLength(64 << 10)
		tb.Cleanup(func() { must(store.Close()) })
		return store
	}
	store, err := ginredis.NewStore(idle, "tcp", options.Addr, "", "", gorillaKey)
	must(err)
	inner, err := ginredis.GetRedisStore(store)
	must(err)
	inner.SetMaxLength(64 << 10)
	tb.Cleanup(func() { must(inner.Close()) })
	return append(list, gorillaOn(tb, open(), what, m), ginOn(tb, store, what, m), echoOn(tb, open(), what, m), fiber)
}

func onPostgres(tb testing.TB, address, what string, m map[string]any) []contestant {
	// Each has as many connections.
	url := services.With(tb, address, "pool_max_conns=16")
	open := func(url string) *pgxpool.Pool {
		p, err := pgxpool.New(tb.Context(), url)
		must(err)
		tb.Cleanup(p.Close)
		return p
	}
	db := func() *stdsql.DB {
		db := openDB(tb, "pgx", address)
		db.SetMaxOpenConns(16)
		db.SetMaxIdleConns(16)
		return db
	}
	b, err := postgres.Open(url, &postgres.Options{SweepEvery: -1})
	must(err)
	tb.Cleanup(func() { must(b.Close()) })
	must(b.Migrate(tb.Context()))
	// The table of scs has the name of ours.
	execute(tb, db(), `CREATE SCHEMA scs`,
		`CREATE TABLE scs.sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL)`,
		`CREATE INDEX sessions_expiry_idx ON scs.sessions (expiry)`)
	storage := fiberpostgres.New(fiberpostgres.Config{DB: open(url)})
	tb.Cleanup(func() { must(storage.Close()) })
	list := []contestant{
		floorPostgres(tb, open(url), what, m),
		oursOn(tb, b, what, m),
		scsOnStore(tb, pgxstore.NewWithCleanupInterval(open(services.With(tb, url, "search_path=scs")), 0), what, m),
	}
	fiber := fiberOn(tb, storage, what, m)
	if what == "login" {
		return append(list, fiber)
	}
	gorilla := func() *pgstore.PGStore {
		store, err := pgstore.NewPGStoreFromPool(db(), gorillaKey)
		must(err)
		store.MaxLength(64 << 10)
		return store
	}
	store, err := ginpostgres.NewStore(db(), gorillaKey)
	must(err)
	store.(interface{ MaxLength(int) }).MaxLength(64 << 10)
	return append(list, gorillaOn(tb, gorilla(), what, m), ginOn(tb, store, what, m), echoOn(tb, gorilla(), what, m), fiber)
}

// onSQLite gives each of them a file, with the same settings. The address is "", or
// "off" not to wait for the disk.
func onSQLite(tb testing.TB, address, what string, m map[string]any) []contestant {
	dir, noSync := tb.TempDir(), address == "off"
	b, err := sqlite.Open(filepath.Join(dir, "ours.db"), &sqlite.Options{SweepEvery: -1, NoSync: noSync})
	must(err)
	tb.Cleanup(func() { must(b.Close()) })
	synchronous := "FULL"
	if noSync {
		synchronous = "NORMAL"
	}
	db := openDB(tb, "sqlite", filepath.Join(dir, "scs.db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous("+synchronous+")")
	execute(tb, db, `CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`,
		`CREATE INDEX sessions_expiry_idx ON sessions(expiry)`)
	return []contestant{oursOn(tb, b, what, m), scsOnStore(tb, sqlite3store.NewWithCleanupInterval(db, 0), what, m)}
}

// onMariaDB gives each of them a table.
func onMariaDB(tb testing.TB, address, what string, m map[string]any) []contestant {
	b, err := sql.Open("mysql", address, sql.MySQL(), &sql.Options{SweepEvery: -1, Table: "ours"})
	must(err)
	tb.Cleanup(func() { must(b.Close()) })
	must(b.Migrate(tb.Context()))
	db := openDB(tb, "mysql", address+"?parseTime=true")
	execute(tb, db, `CREATE TABLE sessions (token CHAR(43) PRIMARY KEY, data MEDIUMBLOB NOT NULL, expiry TIMESTAMP(6) NOT NULL)`,
		`CREATE INDEX sessions_expiry_idx ON sessions (expiry)`)
	return []contestant{oursOn(tb, b, what, m), scsOnStore(tb, mysqlstore.NewWithCleanupInterval(db, 0), what, m)}
}

func openDB(tb testing.TB, driver, dsn string) *stdsql.DB {
	db, err := stdsql.Open(driver, dsn)
	must(err)
	db.SetMaxIdleConns(32)
	tb.Cleanup(func() { must(db.Close()) })
	return db
}

func execute(tb testing.TB, db *stdsql.DB, statements ...string) {
	for _, s := range statements {
		_, err := db.ExecContext(tb.Context(), s)
		must(err)
	}
}
