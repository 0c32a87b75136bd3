package bench

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions/bench/report"
)

// effort is how thoroughly a row is measured.
type effort struct {
	turns    int           // of each contestant over loopback; the result is the median
	rounds   int           // of each contestant in process; the result is the least
	inside   time.Duration // one of these
	outside  time.Duration // one turn over loopback
	visitors int           // at a time
	profile  time.Duration // of what misses a budget, in processor time
}

func efforts() effort {
	if testing.Short() {
		return effort{1, 1, time.Millisecond, 5 * time.Millisecond, 4, 20 * time.Millisecond}
	}
	return effort{5, 9, 60 * time.Millisecond, 250 * time.Millisecond, report.Connections, time.Second}
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
			budgets := r.misses(measured)
			if len(budgets) == 0 {
				return
			}
			profile := profiled(t, list[1].visitor(r.follows()), e.profile)
			missed = append(missed, miss{r.String(), budgets, profile})
			if os.Getenv("BUDGETS") != "" {
				t.Error(strings.Join(budgets, "; "))
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
	if r.place != redisPlace && r.place != postgresPlace {
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
			if r.place == redisPlace {
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
	for range e.rounds {
		for i, ask := range asks {
			served, cost := turn(ask, e.inside)
			times[i] = append(times[i], float64(cost)/float64(served))
		}
	}
	for i := range list {
		figures[i].Time = time.Duration(slices.Min(times[i])) // what disturbs a turn adds to it
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
				figures[i].One = middle(rates[i])
			} else {
				figures[i].Many = middle(rates[i])
			}
		}
	}
}

// middle returns the median of list.
func middle(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
