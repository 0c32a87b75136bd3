package scale

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions"
)

const (
	// owned is that one session in so many has an owner, because its visitor has logged in.
	owned = 10

	// workers is how many requests are under way at a time.
	workers = 8
)

// levels are the numbers of sessions at which the load is measured.
func levels() []int {
	if document == "" {
		return []int{1_000, 10_000}
	}
	return []int{10_000, 1_000_000, 10_000_000}
}

// turn is how long each kind of request is measured.
func turn() time.Duration {
	if document == "" {
		return 200 * time.Millisecond
	}
	return 15 * time.Second
}

// token returns the token of visitor i.
func token(i int) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// subject returns the owner of visitor i's session, "" for most.
func subject(i int) string {
	if i%owned != 0 {
		return ""
	}
	return "user-" + strconv.Itoa(i)
}

var (
	visits sessions.Key[int]      = "visits"
	theme  sessions.Key[string]   = "theme"
	cart   sessions.Key[[]string] = "cart"
	csrf   sessions.Key[string]   = "csrf"
)

// app is a web application with sessions of about 200 bytes in a backend.
type app struct {
	tb      testing.TB
	handler http.Handler
}

// newApp returns an application over b. It keeps tokens as IDs, so that sessions
// can be loaded without it.
func newApp(tb testing.TB, b sessions.Backend) *app {
	tb.Helper()
	mw, err := sessions.New(b, &sessions.Config{IDs: sessions.RawIDs, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		tb.Fatal(err)
	}
	return &app{tb, mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err == nil {
			err = serve(r.URL.Path, session)
		}
		if err != nil {
			tb.Error(err)
			sessions.Error(w, r, err)
		}
	}))}
}

// serve does what the request for path asks for.
func serve(path string, session *sessions.Session) error {
	switch path {
	case "/fill":
		return errors.Join(
			visits.Set(session, 1),
			theme.Set(session, "dark"),
			csrf.Set(session, token(1)),
			cart.Set(session, []string{"4006381333931", "9780134190440", "4002515289693"}),
		)
	case "/read":
		n, err := visits.Get(session)
		if err == nil && n == 0 {
			return errors.New("the session of a visitor was not found")
		}
		return err
	case "/commit":
		_, err := visits.Update(session, func(n int) (int, error) { return n + 1, nil })
		return err
	}
	return nil
}

// fill makes a session and returns its token.
func (a *app) fill() string {
	a.tb.Helper()
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, httptest.NewRequest("GET", "/fill", nil))
	for _, c := range w.Result().Cookies() {
		return c.Value
	}
	a.tb.Fatal("a new visitor got no session")
	return ""
}

// figures are how long requests took.
type figures struct {
	requests    int
	rate        float64 // requests a second
	p50, p99    time.Duration
	worst       time.Duration
	serverUsage time.Duration // of processor time for a request
}

func (f figures) String() string {
	return fmt.Sprintf("%.0f a second, p50 %v, p99 %v, at most %v, %v of the server for each", f.rate, f.p50, f.p99, f.worst, f.serverUsage)
}

// ask sends requests for path on behalf of n visitors, drawn at random, for so
// long. used returns how much processor time the server has taken.
func (a *app) ask(path string, n int, length time.Duration, used func() time.Duration) figures {
	a.tb.Helper()
	before := used()
	took := make([][]time.Duration, workers)
	var wait sync.WaitGroup
	began := time.Now()
	for w := range workers {
		wait.Go(func() {
			r := httptest.NewRequest("GET", path, nil)
			for time.Since(began) < length && !a.tb.Failed() {
				r.Header.Set("Cookie", "__Host-session="+token(rand.IntN(n)))
				start := time.Now()
				a.handler.ServeHTTP(httptest.NewRecorder(), r)
				took[w] = append(took[w], time.Since(start))
			}
		})
	}
	wait.Wait()
	seconds := time.Since(began).Seconds()
	all := slices.Concat(took...)
	slices.Sort(all)
	if len(all) == 0 {
		a.tb.Fatal("no request was answered")
	}
	return figures{
		requests:    len(all),
		rate:        float64(len(all)) / seconds,
		p50:         all[len(all)/2].Round(time.Microsecond),
		p99:         all[len(all)*99/100].Round(time.Microsecond),
		worst:       all[len(all)-1].Round(10 * time.Microsecond),
		serverUsage: ((used() - before) / time.Duration(len(all))).Round(100 * time.Nanosecond),
	}
}

// usage returns the processor time that a process and its children have taken,
// those that have ended too.
func usage(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	const tick = time.Second / 100 // USER_HZ
	var sum time.Duration
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// The name of the program is in parentheses and may contain anything.
		_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')'):]), " ")
		fields := strings.Fields(rest)
		number := func(field int) time.Duration { // numbered as in proc(5)
			n, _ := strconv.Atoi(fields[field-3])
			return time.Duration(n)
		}
		switch {
		case filepath.Base(filepath.Dir(name)) == strconv.Itoa(pid):
			sum += tick * (number(14) + number(15) + number(16) + number(17))
		case int(number(4)) == pid:
			sum += tick * (number(14) + number(15))
		}
	}
	return sum
}
