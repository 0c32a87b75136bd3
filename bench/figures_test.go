package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/bench/report"
	"github.com/gosessions/sessions/internal/services"
)

// row is one kind of request, and how much more than the floor it may take.
type row struct {
	backend, request string // as the report names them
	place            place
	what             string
	values           map[string]any
	budget           budget
	noWait           bool // for the disk
}

// budget is what a row may take. What is 0 has no limit.
type budget struct {
	times float64       // of the floor's processor time
	over  time.Duration // more than the floor's processor time
	share float64       // of the floor's requests over loopback, at least
}

// place is where a row's sessions are.
type place int

const (
	inCookie place = iota
	inMemory
	inRedis
	inPostgres
	inSQLite
	inMariaDB
)

// share is the budget of every row over loopback.
const share = 0.90

func rows() []row {
	three, twenty, large := values(3), values(20), big()
	return []row{
		{"signed cookie", "read, 3 keys", inCookie, "read", three, budget{times: 2, share: share}, false},
		{"signed cookie", "read, 20 keys", inCookie, "read", twenty, budget{times: 1.6, share: share}, false},
		{"signed cookie", "write, 3 keys", inCookie, "write", three, budget{times: 2, share: share}, false},
		{"signed cookie", "write, 20 keys", inCookie, "write", twenty, budget{times: 1.6, share: share}, false},
		{"signed cookie", "first visit", inCookie, "create", three, budget{share: share}, false},
		{"memory", "session not used", inMemory, "untouched", three, budget{over: 150 * time.Nanosecond, share: share}, false},
		{"memory", "read, 3 keys", inMemory, "read", three, budget{times: 2.5, share: share}, false},
		{"memory", "read, 20 keys", inMemory, "read", twenty, budget{times: 2, share: share}, false},
		{"memory", "read, 16 KB", inMemory, "read", large, budget{times: 1.5, share: share}, false},
		{"memory", "write, 3 keys", inMemory, "write", three, budget{times: 3, share: share}, false},
		{"memory", "first visit", inMemory, "create", three, budget{times: 3, share: share}, false},
		{"memory", "login, 3 keys", inMemory, "login", three, budget{times: 3, share: share}, false},
		{"Redis", "session not used", inRedis, "untouched", three, budget{over: 150 * time.Nanosecond, share: share}, false},
		{"Redis", "read, 3 keys", inRedis, "read", three, budget{times: 1.15, share: share}, false},
		{"Redis", "read, 16 KB", inRedis, "read", large, budget{times: 1.15, share: share}, false},
		{"Redis", "write, 3 keys", inRedis, "write", three, budget{times: 1.15, share: share}, false},
		{"Redis", "first visit", inRedis, "create", three, budget{times: 1.15, share: share}, false},
		{"Redis", "login, 3 keys", inRedis, "login", three, budget{times: 1.15, share: share}, false},
		{"Postgres", "session not used", inPostgres, "untouched", three, budget{over: 150 * time.Nanosecond, share: share}, false},
		{"Postgres", "read, 3 keys", inPostgres, "read", three, budget{times: 1.15, share: share}, false},
		{"Postgres", "read, 16 KB", inPostgres, "read", large, budget{times: 1.15, share: share}, false},
		{"Postgres", "write, 3 keys", inPostgres, "write", three, budget{times: 1.15, share: share}, false},
		{"Postgres", "write, 3 keys, without waiting for the disk", inPostgres, "write", three, budget{times: 1.15, share: share}, true},
		{"Postgres", "first visit", inPostgres, "create", three, budget{times: 1.15, share: share}, false},
		{"Postgres", "login, 3 keys", inPostgres, "login", three, budget{times: 1.15, share: share}, false},
		{"SQLite", "read, 3 keys", inSQLite, "read", three, budget{}, false},
		{"SQLite", "write, 3 keys", inSQLite, "write", three, budget{}, false},
		{"SQLite", "write, 3 keys, without waiting for the disk", inSQLite, "write", three, budget{}, true},
		{"MariaDB", "read, 3 keys", inMariaDB, "read", three, budget{}, false},
		{"MariaDB", "write, 3 keys", inMariaDB, "write", three, budget{}, false},
	}
}

// plotted are the rows that the picture shows.
var plotted = []string{
	"memory, read, 3 keys", "memory, write, 3 keys",
	"Redis, read, 3 keys", "Redis, write, 3 keys",
	"Postgres, read, 3 keys", "Postgres, write, 3 keys",
	"signed cookie, read, 3 keys", "signed cookie, write, 3 keys",
}

// follows reports whether visitors take the cookies of the answers.
func (r *row) follows() bool {
	return r.what == "login" || r.what == "write" && r.place == inCookie
}

func (r *row) String() string { return r.backend + ", " + r.request }

// servers are those that the rows need, for themselves alone.
type servers struct {
	redis    *services.RedisNode
	postgres *services.PostgresNode
}

func startServers(t *testing.T) *servers {
	return &servers{
		services.RedisServer(t, services.RedisOptions{}),
		services.PostgresServer(t, services.PostgresOptions{Config: []string{
			"fsync = on", "shared_buffers = 128MB", "max_connections = 300",
			"shared_preload_libraries = 'pg_stat_statements'", "pg_stat_statements.track = none",
		}}),
	}
}

// enter returns the row's contestants, with an empty server. With count, what they
// do there is counted.
func (s *servers) enter(t *testing.T, r *row, count bool) (list []contestant, address string) {
	switch r.place {
	case inCookie:
		return onCookie(t, "", r.what, r.values), ""
	case inMemory:
		return onMemory(t, "", r.what, r.values), ""
	case inRedis:
		if _, err := s.redis.Do("FLUSHALL"); err != nil {
			t.Fatal(err)
		}
		return onRedis(t, s.redis.URL(), r.what, r.values), s.redis.URL()
	case inPostgres:
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
	case inSQLite:
		if r.noWait {
			address = "off"
		}
		return onSQLite(t, address, r.what, r.values), ""
	case inMariaDB:
		return onMariaDB(t, services.MariaDB(t), r.what, r.values), ""
	}
	panic("no such place")
}

// effort is how thoroughly a row is measured.
type effort struct {
	turns    int           // of each contestant; the result is the median
	inside   time.Duration // one turn in process
	outside  time.Duration // one turn over loopback
	visitors int           // at a time
	profile  time.Duration // of what misses a budget
}

func efforts() effort {
	if testing.Short() {
		return effort{1, time.Millisecond, 5 * time.Millisecond, 4, 20 * time.Millisecond}
	}
	return effort{5, 60 * time.Millisecond, 250 * time.Millisecond, report.Connections, time.Second}
}

// TestFigures measures every row and writes the report: into the document that the
// environment variable PERFORMANCE names, with the pictures beside it. Without it the
// report is only tried out on a copy.
func TestFigures(t *testing.T) {
	document, err := document(t)
	if err != nil {
		t.Fatal(err)
	}
	s, g, e := startServers(t), startGenerator(t), efforts()
	var figures []report.Figure
	var missed []miss
	for _, r := range rows() {
		t.Run(r.String(), func(t *testing.T) {
			list, _ := s.enter(t, &r, false)
			r.verify(t, list)
			measured := r.measure(t, s, g, e, list)
			figures = append(figures, measured...)
			for i, what := range r.misses(measured) {
				m := miss{row: r.String(), what: what}
				if i == 0 {
					m.profile = profiled(t, list[1].visitor(r.follows()), e.profile)
				}
				missed = append(missed, m)
				if os.Getenv("BUDGETS") != "" {
					t.Error(what)
				}
			}
		})
	}
	if t.Failed() {
		return
	}
	t.Log("\n" + report.Table(figures))
	if err := publish(document, s, figures, missed); err != nil {
		t.Fatal(err)
	}
}

// document returns the path of the document that is to be written.
func document(t *testing.T) (string, error) {
	if path := os.Getenv("PERFORMANCE"); path != "" {
		return path, nil
	}
	text, err := os.ReadFile("../docs/performance.md")
	if err != nil {
		return "", err
	}
	path := filepath.Join(t.TempDir(), "performance.md")
	return path, os.WriteFile(path, text, 0o600)
}

// verify checks that contestants do the row's work.
func (r *row) verify(t *testing.T, list []contestant) {
	t.Helper()
	for i := range list {
		c := &list[i]
		if r.what == "create" {
			if c.fast != nil {
				fastEntering(t, c.fast, "/")()
			} else {
				entering(t, c.handler)()
			}
			continue
		}
		ask := c.visitor(r.follows())
		for request := range 3 {
			want := 1 // what a visitor enters with
			switch r.what {
			case "untouched":
				want = -1
			case "write", "login":
				want += request
			}
			sink = -1
			if ask(); sink != want {
				t.Fatalf("%s: request %d read %d, want %d", c.name, request, sink, want)
			}
		}
	}
}

// measure returns the figures of a row's contestants, who take turns.
func (r *row) measure(t *testing.T, s *servers, g *generator, e effort, list []contestant) []report.Figure {
	runtime.GC() // what earlier rows left
	figures := make([]report.Figure, len(list))
	for i, c := range list {
		figures[i] = report.Figure{Backend: r.backend, Request: r.request, Library: c.name, Commands: -1}
	}
	r.count(t, s, figures)
	r.inProcess(t, list, figures, e)
	r.overLoopback(t, g, list, figures, e)
	return figures
}

// count counts the commands or statements of a request.
func (r *row) count(t *testing.T, s *servers, figures []report.Figure) {
	if r.place != inRedis && r.place != inPostgres {
		return
	}
	t.Run("commands", func(t *testing.T) { // which ends what it started
		list, address := s.enter(t, r, true)
		for i := range list {
			ask := list[i].visitor(r.follows())
			for range 3 { // connects, and loads scripts
				ask()
			}
			work := func() {
				for range counted {
					ask()
				}
			}
			if r.place == inRedis {
				figures[i].Commands = float64(redisCommands(t, s.redis, work)) / counted
			} else {
				figures[i].Commands = float64(postgresStatements(t, address, work)) / counted
			}
		}
	})
}

// inProcess measures what a request costs this process.
func (r *row) inProcess(t *testing.T, list []contestant, figures []report.Figure, e effort) {
	asks := make([]func(), len(list))
	times := make([][]float64, len(list))
	for i := range list {
		asks[i] = list[i].visitor(r.follows())
		turn(asks[i], e.inside) // to warm up
		figures[i].Allocs, figures[i].Bytes = allocated(asks[i], e)
	}
	for range e.turns {
		for i, ask := range asks {
			served, cost := turn(ask, e.inside)
			times[i] = append(times[i], float64(cost)/float64(served))
		}
	}
	for i := range list {
		figures[i].Time = time.Duration(median(times[i]))
	}
}

// turn sends requests for about so long, by the wall, and returns how many, and the
// processor time that they took.
func turn(ask func(), length time.Duration) (served int, cost time.Duration) {
	end := time.Now().Add(length)
	start := spent()
	for time.Now().Before(end) {
		for range 20 {
			ask()
		}
		served += 20
	}
	return served, spent() - start
}

// allocated returns what one request allocates, in this process and for its sake.
func allocated(ask func(), e effort) (allocs, bytes float64) {
	requests := 40 * e.turns
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range requests {
		ask()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(requests), float64(after.TotalAlloc-before.TotalAlloc) / float64(requests)
}

// overLoopback measures how many requests a second a server answers.
func (r *row) overLoopback(t *testing.T, g *generator, list []contestant, figures []report.Figure, e effort) {
	defer g.leave()
	for i := range list {
		server := g.join(t, &list[i], e.visitors, r.follows())
		g.rate(server, e.visitors, e.outside) // to warm up
	}
	for _, connections := range []int{1, e.visitors} {
		rates := make([][]float64, len(list))
		for range e.turns {
			for i := range list {
				rates[i] = append(rates[i], g.rate(i, connections, e.outside))
			}
		}
		for i := range list {
			if connections == 1 {
				figures[i].One = median(rates[i])
			} else {
				figures[i].Many = median(rates[i])
			}
		}
	}
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// misses says which budgets our figures exceed.
func (r *row) misses(figures []report.Figure) (missed []string) {
	floor, ours := figures[0], figures[1]
	says := func(format string, args ...any) { missed = append(missed, fmt.Sprintf(format, args...)) }
	if times := float64(ours.Time) / float64(floor.Time); r.budget.times > 0 && times > r.budget.times {
		says("%.2f times the floor's processor time; the budget is %v", times, r.budget.times)
	}
	if more := ours.Time - floor.Time; r.budget.over > 0 && more > r.budget.over {
		says("%s more than the floor's processor time; the budget is %s", report.Duration(more), report.Duration(r.budget.over))
	}
	if part := ours.One / floor.One; r.budget.share > 0 && part < r.budget.share {
		says("%.2f of the floor's requests over loopback with 1 connection; the budget is %.2f", part, r.budget.share)
	}
	if part := ours.Many / floor.Many; r.budget.share > 0 && part < r.budget.share {
		says("%.2f of the floor's requests over loopback with %d connections; the budget is %.2f", part, report.Connections, r.budget.share)
	}
	return missed
}

func TestMisses(t *testing.T) {
	r := row{budget: budget{times: 2, over: time.Microsecond, share: 0.9}}
	floor := report.Figure{Time: time.Microsecond, One: 100, Many: 1000}
	if got := r.misses([]report.Figure{floor, {Time: 2 * time.Microsecond, One: 90, Many: 900}}); len(got) != 0 {
		t.Errorf("within the budgets: %q", got)
	}
	got := r.misses([]report.Figure{floor, {Time: 2100, One: 89, Many: 899}})
	if len(got) != 4 || got[0] != "2.10 times the floor's processor time; the budget is 2" || !strings.HasPrefix(got[3], "0.90 of") {
		t.Errorf("beyond the budgets: %q", got)
	}
	r.budget = budget{}
	if got := r.misses([]report.Figure{floor, {Time: time.Second}}); len(got) != 0 {
		t.Errorf("without budgets: %q", got)
	}
}
