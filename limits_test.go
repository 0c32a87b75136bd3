package sessions_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/internal/race"
)

// sink is a ResponseWriter that keeps only the header.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

// TestL5_DOS1_Crawlers: a million requests of visitors without cookies, with every
// method that only reads, leave no record, no cookie and no memory behind.
func TestL5_DOS1_Crawlers(t *testing.T) {
	requests := 1_000_000
	if race.Enabled || testing.Short() {
		requests = 50_000
	}
	m := memory.New(nil)
	b := backends.Intercept(m, func(_ context.Context, op backends.Op, _ func(context.Context) error) error {
		t.Errorf("the backend was asked: %s", op)
		return nil
	})
	h := serve(t, newMiddleware(t, b, &sessions.Config{Autoload: sessions.Always}), routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		_, _ = user.Get(s)
		_ = s.Keys()
		_ = s.PublicID()
		_, _ = w.Write([]byte("hello"))
	}})
	r := httptest.NewRequest("GET", "/", nil)
	w := &sink{header: http.Header{}}
	before := heap()
	for range requests {
		clear(w.header)
		h.ServeHTTP(w, r)
		if len(w.header) != 1 || w.header["Vary"][0] != "Cookie" {
			t.Fatalf("got the header %v", w.header)
		}
	}
	if m.Len() != 0 {
		t.Errorf("%d records are stored", m.Len())
	}
	if more := int64(heap()) - int64(before); more > 1<<20 {
		t.Errorf("%d more bytes are in use", more)
	}
}

// heap returns how many bytes are in use after a garbage collection.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// TestDOS2_AnonymousVisitorsStoreNothing: what pages do for visitors without a session
// does not create one, whether the visitors send a token or not.
func TestDOS2_AnonymousVisitorsStoreNothing(t *testing.T) {
	const token sessions.Key[string] = "csrf"
	for name, f := range map[string]func(w http.ResponseWriter, r *http.Request, s *sessions.Session){
		"logout":  basics["/destroy"],
		"clear":   basics["/clear"],
		"flashes": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { check(t, second(s.Flashes())) },
		"check of a CSRF token": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			if want, err := token.Get(s); want == "" || want != r.FormValue("csrf") || err != nil {
				http.Error(w, "forbidden", http.StatusForbidden)
			}
		},
		"single use": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { check(t, second(token.Take(s))) },
		"delete":     func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { check(t, token.Delete(s)) },
		"set and unset": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
			check(t, token.Set(s, "x"))
			check(t, token.Delete(s))
		},
		"rotate":      func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { check(t, s.RegenerateID()) },
		"remember me": func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { check(t, s.SetPersistent(true)) },
		"save":        func(_ http.ResponseWriter, r *http.Request, s *sessions.Session) { check(t, s.Save(r.Context())) },
	} {
		for _, brings := range []string{"", strings.Repeat("A", 43), "junk"} {
			m := memory.New(nil)
			c := newClient(t, serve(t, newMiddleware(t, m, nil), routes{"/": f}))
			if brings != "" {
				c.cookies["__Host-session"] = brings
			}
			for _, cookie := range c.get("/").Cookies() {
				if cookie.MaxAge >= 0 || brings == "" {
					t.Errorf("%s with token %q: Set-Cookie %v", name, brings, cookie)
				}
			}
			if m.Len() != 0 {
				t.Errorf("%s with token %q: %d records", name, brings, m.Len())
			}
		}
	}
}

// TestDOS3_UnknownTokens: a token that was never issued costs one read if it has the
// right form, otherwise none, and leaves nothing behind.
func TestDOS3_UnknownTokens(t *testing.T) {
	m := memory.New(nil)
	reads, others := 0, 0
	b := backends.Intercept(m, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if op == backends.OpRead {
			reads++
		} else {
			others++
		}
		return next(ctx)
	})
	h := serve(t, newMiddleware(t, b, nil), basics)
	shaped := strings.Repeat("A", 43)
	for token, want := range map[string]int{
		shaped:                   1,
		shaped[:42]:              0,
		shaped + "A":             0,
		shaped[:42] + "=":        0,
		shaped[:42] + "/":        0,
		shaped[:42] + "B":        0, // another spelling of the same bits
		"../../etc/passwd":       0,
		"*":                      0,
		"":                       0,
		strings.Repeat("A", 1e6): 0,
	} {
		reads, others = 0, 0
		c := newClient(t, h)
		c.cookies["__Host-session"] = token
		response := c.get("/read")
		if reads != want || others != 0 || m.Len() != 0 || len(response.Cookies()) != 0 {
			t.Errorf("%.50q: %d reads, %d other operations, %d records, cookies %v; want %d reads and nothing else",
				token, reads, others, m.Len(), response.Cookies(), want)
		}
	}
}

// TestC2_E14_DOS5_HugeRequests sends requests that are as large as a server allows.
// net/http finds no cookies if there are more than 3000. The session is found
// nevertheless, and values that cannot be tokens cost little.
func TestC2_E14_DOS5_HugeRequests(t *testing.T) {
	for name, b := range map[string]sessions.Backend{"memory": memory.New(nil), "flask": cookie.New(cookie.Flask(secret)), "encrypted": cookie.New(cookie.Encrypted(secret))} {
		t.Run(name, func(t *testing.T) {
			mw := newMiddleware(t, b, &sessions.Config{Transport: sessions.Cookie{Name: "s", Insecure: true}})
			seen := 0
			server := httptest.NewServer(serve(t, mw, routes{"/same": basics["/same"], "/who": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				seen = len(r.Cookies())
				basics["/who"](w, r, s)
			}}))
			defer server.Close()
			token := get(t, server.URL+"/same").Cookies()[0].Value
			for _, tt := range []struct {
				name, cookies string
				want          string
				seen          int
			}{
				{"3001 cookies and ours", strings.Repeat("a=b; ", 3001) + "s=" + token, "ada", 0},
				{"ours and 3001 cookies", "s=" + token + strings.Repeat("; a=b", 3001), "ada", 0},
				{"3000 names like ours", strings.Repeat("ss=b; ", 2999) + "s=" + token, "ada", 3000},
				{"10000 of our name", "s=" + token + strings.Repeat("; s=x", 10_000), "ada", 0},
				{"10000 different ones of our name", numbered(10_000) + "s=" + token, "", 0},
				{"10000 times ours", strings.Repeat("s="+token+"; ", min(10_000, 900_000/(len(token)+4))), "ada", -1},
				{"1 MB in one of our name", "s=" + strings.Repeat("A", 1_000_000), "", 1},
				{"1 MB of separators", strings.Repeat(";", 1_000_000), "", 0},
				{"1 MB of names", strings.Repeat("s", 1_000_000), "", 1},
				{"1 MB of quotes", "s=" + strings.Repeat("\"", 1_000_000), "", -1},
			} {
				request, err := http.NewRequest("GET", server.URL+"/who", nil)
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Cookie", tt.cookies)
				response, err := server.Client().Do(request)
				if err != nil {
					t.Fatal(err)
				}
				got := body(response)
				_ = response.Body.Close()
				if response.StatusCode != 200 || got != tt.want || tt.seen >= 0 && seen != tt.seen {
					t.Errorf("%s: status %d, got %q, net/http saw %d cookies; want %q, %d", tt.name, response.StatusCode, got, seen, tt.want, tt.seen)
				}
				// Measure this package without the server.
				request.RequestURI = "/who"
				if bytes, took := leastCost(mw, request); bytes > 64<<10 || took > time.Second {
					t.Errorf("%s: %d bytes in %v, want at most 64 KiB in a second", tt.name, bytes, took)
				}
			}
		})
	}
}

// leastCost returns the fewest bytes and the shortest time in which the request's
// session is loaded. It tries several times, because other programs disturb a single
// try on a busy machine.
func leastCost(mw *sessions.Middleware, request *http.Request) (bytes uint64, took time.Duration) {
	h := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = sessions.Load(r.Context()) }))
	bytes, took = math.MaxUint64, time.Hour
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		h.ServeHTTP(&sink{header: http.Header{}}, request)
		took = min(took, time.Since(began))
		runtime.ReadMemStats(&after)
		bytes = min(bytes, after.TotalAlloc-before.TotalAlloc)
	}
	return bytes, took
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "s=%d; ", i)
	}
	return b.String()
}
