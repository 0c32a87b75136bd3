package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/bench/report"
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
	cookiePlace place = iota
	memoryPlace
	redisPlace
	postgresPlace
	sqlitePlace
	mariadbPlace
)

// share is the budget of every row over loopback.
const share = 0.90

func rows() []row {
	three, twenty, large := values(3), values(20), big()
	return []row{
		{"signed cookie", "read, 3 keys", cookiePlace, "read", three, budget{times: 2, share: share}, false},
		{"signed cookie", "read, 20 keys", cookiePlace, "read", twenty, budget{times: 1.6, share: share}, false},
		{"signed cookie", "write, 3 keys", cookiePlace, "write", three, budget{times: 2, share: share}, false},
		{"signed cookie", "write, 20 keys", cookiePlace, "write", twenty, budget{times: 1.6, share: share}, false},
		{"signed cookie", "first visit", cookiePlace, "create", three, budget{share: share}, false},
		{"memory", "session not used", memoryPlace, "untouched", three, budget{over: 150 * time.Nanosecond, share: share}, false},
		{"memory", "read, 3 keys", memoryPlace, "read", three, budget{times: 2.5, share: share}, false},
		{"memory", "read, 20 keys", memoryPlace, "read", twenty, budget{times: 2, share: share}, false},
		{"memory", "read, 16 KB", memoryPlace, "read", large, budget{times: 1.5, share: share}, false},
		{"memory", "write, 3 keys", memoryPlace, "write", three, budget{times: 3, share: share}, false},
		{"memory", "first visit", memoryPlace, "create", three, budget{times: 3, share: share}, false},
		{"memory", "login, 3 keys", memoryPlace, "login", three, budget{times: 3, share: share}, false},
		{"Redis", "session not used", redisPlace, "untouched", three, budget{over: 150 * time.Nanosecond, share: share}, false},
		{"Redis", "read, 3 keys", redisPlace, "read", three, budget{times: 1.15, share: share}, false},
		{"Redis", "read, 16 KB", redisPlace, "read", large, budget{times: 1.15, share: share}, false},
		{"Redis", "write, 3 keys", redisPlace, "write", three, budget{times: 1.15, share: share}, false},
		{"Redis", "first visit", redisPlace, "create", three, budget{times: 1.15, share: share}, false},
		{"Redis", "login, 3 keys", redisPlace, "login", three, budget{times: 1.15, share: share}, false},
		{"Postgres", "session not used", postgresPlace, "untouched", three, budget{over: 150 * time.Nanosecond, share: share}, false},
		{"Postgres", "read, 3 keys", postgresPlace, "read", three, budget{times: 1.15, share: share}, false},
		{"Postgres", "read, 16 KB", postgresPlace, "read", large, budget{times: 1.15, share: share}, false},
		{"Postgres", "write, 3 keys", postgresPlace, "write", three, budget{times: 1.15, share: share}, false},
		{"Postgres", "write, 3 keys, without waiting for the disk", postgresPlace, "write", three, budget{times: 1.15, share: share}, true},
		{"Postgres", "first visit", postgresPlace, "create", three, budget{times: 1.15, share: share}, false},
		{"Postgres", "login, 3 keys", postgresPlace, "login", three, budget{times: 1.15, share: share}, false},
		{"SQLite", "read, 3 keys", sqlitePlace, "read", three, budget{}, false},
		{"SQLite", "write, 3 keys", sqlitePlace, "write", three, budget{}, false},
		{"SQLite", "write, 3 keys, without waiting for the disk", sqlitePlace, "write", three, budget{}, true},
		{"MariaDB", "read, 3 keys", mariadbPlace, "read", three, budget{}, false},
		{"MariaDB", "write, 3 keys", mariadbPlace, "write", three, budget{}, false},
	}
}

// plotted are the rows that the picture shows.
var plotted = []report.Choice{
	{Title: "Memory, read", Backend: "memory", Request: "read, 3 keys"},
	{Title: "Memory, write", Backend: "memory", Request: "write, 3 keys"},
	{Title: "Redis, read", Backend: "Redis", Request: "read, 3 keys"},
	{Title: "Redis, write", Backend: "Redis", Request: "write, 3 keys"},
	{Title: "Postgres, read", Backend: "Postgres", Request: "read, 3 keys"},
	{Title: "Postgres, write", Backend: "Postgres", Request: "write, 3 keys"},
	{Title: "Signed cookie, read", Backend: "signed cookie", Request: "read, 3 keys"},
	{Title: "Signed cookie, write", Backend: "signed cookie", Request: "write, 3 keys"},
}

// follows reports whether visitors take the cookies of the answers.
func (r *row) follows() bool {
	return r.what == "login" || r.what == "write" && r.place == cookiePlace
}

func (r *row) String() string { return r.backend + ", " + r.request }

// misses says which budgets our figures exceed.
func (r *row) misses(figures []report.Figure) (missed []string) {
	floor, ours := figures[0], figures[1]
	says := func(format string, args ...any) { missed = append(missed, fmt.Sprintf(format, args...)) }
	if times := float64(ours.Time) / float64(floor.Time); r.budget.times > 0 && times > r.budget.times {
		says("%.2f times the floor's processor time (at most %v)", times, r.budget.times)
	}
	if more := ours.Time - floor.Time; r.budget.over > 0 && more > r.budget.over {
		says("%s more than the floor's processor time (at most %s)", report.Duration(more), report.Duration(r.budget.over))
	}
	if part := ours.One / floor.One; r.budget.share > 0 && part < r.budget.share {
		says("%.2f of the floor's requests with 1 connection (at least %v)", part, r.budget.share)
	}
	if part := ours.Many / floor.Many; r.budget.share > 0 && part < r.budget.share {
		says("%.2f of the floor's requests with %d connections (at least %v)", part, report.Connections, r.budget.share)
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
	if len(got) != 4 || got[0] != "2.10 times the floor's processor time (at most 2)" || !strings.HasPrefix(got[3], "0.90 of") {
		t.Errorf("beyond the budgets: %q", got)
	}
	r.budget = budget{}
	if got := r.misses([]report.Figure{floor, {Time: time.Second}}); len(got) != 0 {
		t.Errorf("without budgets: %q", got)
	}
}
