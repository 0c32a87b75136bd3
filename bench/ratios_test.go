package bench

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"testing"
	"text/tabwriter"
	"time"
)

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// turn serves requests for about so long, by the wall, and returns how many it
// served and what they cost.
func (c *contestant) turn(length time.Duration) (served int, cost time.Duration) {
	w := discard{make(http.Header)}
	follow := c.follows()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	end := time.Now().Add(length)
	start := spent()
	for time.Now().Before(end) {
		for range 100 {
			clear(w.header)
			c.handler.ServeHTTP(w, c.request)
			if follow {
				c.keep(w.header)
			}
		}
		served += 100
	}
	return served, spent() - start
}

// follows reports whether every answer changes the token.
func (c *contestant) follows() bool {
	w := discard{make(http.Header)}
	c.handler.ServeHTTP(w, c.request)
	if len(w.header["Set-Cookie"]) == 0 || c.request.Header["Cookie"] == nil {
		return false
	}
	c.keep(w.header)
	return true
}

func (c *contestant) keep(h http.Header) {
	line := h["Set-Cookie"][0]
	for i := range line {
		if line[i] == ';' {
			c.request.Header["Cookie"][0] = line[:i]
			return
		}
	}
}

// TestRatios compares what each contestant costs over many turns, taken
// alternately, so that what else the machine does hits all alike.
func TestRatios(t *testing.T) {
	turns, length := 30, 50*time.Millisecond
	if testing.Short() {
		turns, length = 2, 20*time.Millisecond
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	defer table.Flush()
	fmt.Fprintln(table, "row\tfloor\tsessions\tallocs\tratio\tbudget\tpeer\tpeer's time\tfaster by\t")
	for _, row := range rows(t) {
		best := make([]time.Duration, len(row.contestants))
		served := make([]int, len(row.contestants))
		for range turns {
			for i := range row.contestants {
				n, cost := row.contestants[i].turn(length)
				served[i] += n
				best[i] += cost
			}
		}
		for i := range best {
			best[i] /= time.Duration(served[i])
		}
		ours := &row.contestants[1]
		w := discard{make(http.Header)}
		follow := ours.follows()
		allocs := testing.AllocsPerRun(200, func() {
			clear(w.header)
			ours.handler.ServeHTTP(w, ours.request)
			if follow {
				ours.keep(w.header)
			}
		})
		ratio := float64(best[1]) / float64(max(best[0], 1))
		budget := fmt.Sprintf("%.1f", row.times)
		met := ratio <= row.times
		if row.over > 0 {
			budget = fmt.Sprint("+", row.over)
			met = best[1] <= best[0]+row.over
		}
		peer := best[2]
		fmt.Fprintf(table, "%s\t%v\t%v\t%.0f\t%.2f\t%s\t%s\t%v\t%.1f\t\n", row.name, best[0], best[1], allocs, ratio, budget, row.contestants[2].name, peer, float64(peer)/float64(best[1]))
		if !met && os.Getenv("BUDGETS") != "" {
			t.Errorf("%s: %v beside a floor of %v; the budget is %s", row.name, best[1], best[0], budget)
		}
		if best[1] > peer {
			t.Errorf("%s: slower than %s", row.name, row.contestants[2].name)
		}
	}
}
