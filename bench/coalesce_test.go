package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gosessions/sessions/backends/postgres"
	"github.com/gosessions/sessions/internal/services"
)

// crowd is a contestant behind a real server, with one visitor, and one session, for
// each connection.
type crowd struct {
	name     string
	visitors []visitor
	rates    []float64       // requests a second, of each turn
	costs    []time.Duration // processor time of a request in this process, of each turn
}

type visitor struct {
	conn net.Conn
	in   *bufio.Reader
	ask  []byte
}

// gather serves h, and connects with the cookies of so many visitors.
func gather(tb testing.TB, name string, h http.Handler, cookies []string) *crowd {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		w.WriteHeader(http.StatusNoContent)
	}))
	tb.Cleanup(server.Close)
	c := &crowd{name: name}
	for _, cookie := range cookies {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { conn.Close() })
		ask := fmt.Sprintf("GET / HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", cookie)
		c.visitors = append(c.visitors, visitor{conn, bufio.NewReader(conn), []byte(ask)})
	}
	return c
}

// turn lets the first n visitors ask for so long.
func (c *crowd) turn(tb testing.TB, n int, length time.Duration) {
	tb.Helper()
	var answers atomic.Int64
	var wait sync.WaitGroup
	before, began := usage(), time.Now()
	end := began.Add(length)
	for _, v := range c.visitors[:n] {
		wait.Go(func() {
			for time.Now().Before(end) {
				if err := v.visit(); err != nil {
					tb.Error(c.name, err)
					return
				}
				answers.Add(1)
			}
		})
	}
	wait.Wait()
	took := time.Since(began)
	c.rates = append(c.rates, float64(answers.Load())/took.Seconds())
	c.costs = append(c.costs, (usage()-before)/time.Duration(max(answers.Load(), 1)))
}

// visit asks once and reads the answer.
func (v visitor) visit() error {
	if _, err := v.conn.Write(v.ask); err != nil {
		return err
	}
	line, err := v.in.ReadSlice('\n')
	if err != nil || !bytes.Contains(line, []byte(" 204 ")) {
		return fmt.Errorf("answered %q, %w", line, err)
	}
	for len(line) > 2 && err == nil {
		line, err = v.in.ReadSlice('\n')
	}
	return err
}

// usage returns the processor time of this process.
func usage() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func median[T float64 | time.Duration](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}

// TestPostgresLoopback compares with the floor over loopback: requests a second and
// processor time of this process, with the client's part in it, as medians of turns.
// BENCH_TURNS is how many turns there are.
func TestPostgresLoopback(t *testing.T) {
	url := services.Postgres(t)
	turns, length := 10, 300*time.Millisecond
	if testing.Short() {
		turns, length = 1, 20*time.Millisecond
	}
	if n, _ := strconv.Atoi(os.Getenv("BENCH_TURNS")); n > 0 {
		turns = n
	}
	most := 64
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	b, err := postgres.Open(url, &postgres.Options{SweepEvery: -1})
	if err == nil {
		err = b.Migrate(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, what := range []string{"read", "write"} {
		var floors, ours []string
		var contestants [2]contestant
		for range most {
			contestants[0] = floorPostgres(t, pool, what, values(3))
			contestants[1] = oursOn(t, b, what, values(3))
			floors = append(floors, contestants[0].request.Header.Get("Cookie"))
			ours = append(ours, contestants[1].request.Header.Get("Cookie"))
		}
		for _, n := range []int{1, 32, 64} {
			t.Run(fmt.Sprintf("%s/%d", what, n), func(t *testing.T) {
				floor, ours := gather(t, "floor", contestants[0].handler, floors), gather(t, "sessions", contestants[1].handler, ours)
				for range turns {
					floor.turn(t, n, length)
					ours.turn(t, n, length)
				}
				a, b := median(floor.rates), median(ours.rates)
				x, y := median(floor.costs), median(ours.costs)
				t.Logf("%s, %d connections: %.0f requests a second, the floor %.0f: %.2f; %v a request, the floor %v: %.2f", what, n, b, a, b/a, y, x, float64(y)/float64(x))
			})
		}
	}
}
