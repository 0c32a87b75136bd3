package sessions_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/internal/race"
)

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// measured returns what one request through h costs, and a client that is
// logged in.
func measured(t testing.TB, mw *sessions.Middleware, f http.HandlerFunc) func() {
	c := start(t, mw, nil)
	h := mw.Handler(f)
	r := c.request("/")
	w := discard{make(http.Header)}
	h.ServeHTTP(w, r)
	return func() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

func touchNothing(http.ResponseWriter, *http.Request) {}

func readOne(w http.ResponseWriter, r *http.Request) {
	s, err := sessions.Load(r.Context())
	if err != nil {
		return
	}
	if name, err := user.Get(s); name != "ada" || err != nil {
		panic("read the wrong value")
	}
}

func writeOne(w http.ResponseWriter, r *http.Request) {
	s, err := sessions.Load(r.Context())
	if err != nil {
		return
	}
	n, _ := visits.Get(s)
	if visits.Set(s, n+1) != nil {
		panic("not set")
	}
}

// TestB1_B4_B5_Allocations are the budgets of docs/architecture.md.
func TestB1_B4_B5_Allocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		most    float64
	}{
		{"B1: untouched", touchNothing, 2},
		{"B4: read one key", readOne, 6},
		{"B5: write one key", writeOne, 16},
	} {
		if got := testing.AllocsPerRun(100, measured(t, newMiddleware(t, memory.New(nil), nil), tt.handler)); got > tt.most {
			t.Errorf("%s: %v allocations, want at most %v", tt.name, got, tt.most)
		} else {
			t.Logf("%s: %v allocations of %v", tt.name, got, tt.most)
		}
	}
}

func BenchmarkMemory(b *testing.B) {
	for name, handler := range map[string]http.HandlerFunc{"untouched": touchNothing, "read": readOne, "write": writeOne} {
		b.Run(name, func(b *testing.B) {
			f := measured(b, newMiddleware(b, memory.New(nil), nil), handler)
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
	b.Run("create", func(b *testing.B) {
		mw := newMiddleware(b, memory.New(nil), nil)
		h := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, _ := sessions.Load(r.Context())
			_ = user.Set(s, "ada")
		}))
		w := discard{make(http.Header)}
		r := httptest.NewRequest("GET", "/", nil)
		b.ReportAllocs()
		for b.Loop() {
			clear(w.header)
			h.ServeHTTP(w, r)
		}
	})
}
