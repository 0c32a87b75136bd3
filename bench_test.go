package sessions_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/internal/race"
)

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// work is what a handler does with its session, whose count is n.
var work = map[string]func(s *sessions.Session, n int) error{
	"read":   func(*sessions.Session, int) error { return nil },
	"same":   func(s *sessions.Session, n int) error { return visits.Set(s, n) },
	"write":  func(s *sessions.Session, n int) error { return visits.Set(s, n+1) },
	"create": func(s *sessions.Session, n int) error { return visits.Set(s, n+1) },
	"login": func(s *sessions.Session, n int) error {
		if err := s.RegenerateID(); err != nil {
			return err
		}
		return visits.Set(s, n+1)
	},
}

// costs are requests and the most allocations that one may make, as in
// docs/architecture.md.
var costs = []struct {
	name   string // of the budget in docs/cases.md, and of the request
	on     func() sessions.Backend
	work   string // "" if the handler does not use its session
	keys   int    // of the session before the request; 0 if there is none
	length int    // of each value
	most   float64
}{
	{"B1 untouched", inMemory, "", 3, 20, 1},
	{"B2 Flask read 3 keys", inFlaskCookie, "read", 3, 20, 3},
	{"B2 Flask read 20 keys", inFlaskCookie, "read", 20, 20, 4},
	{"B3 Flask write 3 keys", inFlaskCookie, "write", 3, 20, 7},
	{"B3 Flask write 20 keys", inFlaskCookie, "write", 20, 20, 9},
	{"B4 memory read 3 keys", inMemory, "read", 3, 20, 3},
	{"B4 memory read 20 keys", inMemory, "read", 20, 20, 4},
	{"B4 memory read 16 KB", inMemory, "read", 17, 1000, 4},
	{"B5 memory same value 3 keys", inMemory, "same", 3, 20, 3},
	{"B5 memory write 3 keys", inMemory, "write", 3, 20, 5},
	{"B5 memory write 20 keys", inMemory, "write", 20, 20, 7},
	{"B5 memory create", inMemory, "create", 0, 0, 8},
	{"B5 memory login 3 keys", inMemory, "login", 3, 20, 10},
}

func inMemory() sessions.Backend { return memory.New(nil) }

func inFlaskCookie() sessions.Backend {
	return cookie.New(cookie.Flask("a secret that Flask has too, of 32 bytes or more"))
}

// measured returns a function that serves one request, whose handler does what,
// to a visitor whose session has so many keys. A visitor who gets a new token sends
// it with the next request.
func measured(t testing.TB, mw *sessions.Middleware, what string, keys, length int) func() {
	c := newClient(t, mw.Handler(handler(t, func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
		for i := range keys - 1 {
			if err := s.Set("key_"+strconv.Itoa(i+10), strings.Repeat("x", length)); err != nil {
				t.Fatal(err)
			}
		}
		if err := visits.Set(s, 1); err != nil {
			t.Fatal(err)
		}
	})))
	if keys > 0 {
		c.get("/")
	}
	r := c.request("/")
	w := discard{make(http.Header)}
	h := mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if what == "" {
			return
		}
		s, err := sessions.Load(r.Context())
		if err != nil {
			panic(err)
		}
		n, err := visits.Get(s)
		if err != nil || n == 0 && keys > 0 {
			panic("the visitor's session is not there")
		}
		if err := work[what](s, n); err != nil {
			panic(err)
		}
	}))
	return func() {
		clear(w.header)
		h.ServeHTTP(w, r)
		if line := w.header["Set-Cookie"]; what == "login" && len(line) > 0 {
			r.Header["Cookie"][0], _, _ = strings.Cut(line[0], ";")
		}
	}
}

// TestB1_B2_B3_B4_B5_Allocations are the budgets of docs/architecture.md.
func TestB1_B2_B3_B4_B5_Allocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	for _, c := range costs {
		f := measured(t, newMiddleware(t, c.on(), nil), c.work, c.keys, c.length)
		for range 1000 { // until the backend's maps have room
			f()
		}
		if got := testing.AllocsPerRun(1000, f); got > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.name, got, c.most)
		} else {
			t.Logf("%s: %v allocations of %v", c.name, got, c.most)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	for _, c := range costs {
		b.Run(strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			f := measured(b, newMiddleware(b, c.on(), nil), c.work, c.keys, c.length)
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}
