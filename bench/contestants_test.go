package bench

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/gorilla/sessions"

	ours "github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// contestant is one way to do a row's work: a handler, and the request that a
// visitor sends who has been there before.
type contestant struct {
	name    string
	handler http.Handler
	request *http.Request
}

// row is one piece of work, and how much more than the floor, or which share of
// a peer's cost, it may take.
type row struct {
	name        string
	times       float64       // of the floor
	over        time.Duration // more than the floor; where set, instead of times
	contestants []contestant  // the floor, ours, then the peers
}

const n ours.Key[int] = "n"

// values are a session of so many keys, "n" among them.
func values(keys int) map[string]any {
	m := map[string]any{"n": 1}
	for i := len(m); i < keys; i++ {
		m[fmt.Sprintf("key_%02d", i)] = fmt.Sprintf("some value of key %d", i)
	}
	return m
}

// big is a session of 16 KB.
func big() map[string]any {
	m := map[string]any{"n": 1}
	for i := range 16 {
		m[fmt.Sprintf("blob_%02d", i)] = strings.Repeat("x", 1000)
	}
	return m
}

// objectOf returns values as an object in JSON, for a floor.
func objectOf(m map[string]any) []byte {
	b := []byte{'{'}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(b, k), ':')
		switch v := m[k].(type) {
		case int:
			b = strconv.AppendInt(b, int64(v), 10)
		case string:
			b = strconv.AppendQuote(b, v)
		}
	}
	return append(b, '}')
}

// visit runs fill once through h as a new visitor and returns the request with
// which the visitor comes back.
func visit(tb testing.TB, h http.Handler) *http.Request {
	tb.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	r := httptest.NewRequest("GET", "/", nil)
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	if r.Header["Cookie"] == nil {
		tb.Fatal("the visitor got no cookie")
	}
	return r
}

func load(r *http.Request) *ours.Session {
	s, err := ours.Load(r.Context())
	if err != nil {
		panic(err)
	}
	return s
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// ourWork is what our handlers do.
var ourWork = map[string]http.HandlerFunc{
	"untouched": func(http.ResponseWriter, *http.Request) {},
	"read": func(_ http.ResponseWriter, r *http.Request) {
		v, err := n.Get(load(r))
		must(err)
		sink = v
	},
	"write": func(_ http.ResponseWriter, r *http.Request) {
		s := load(r)
		v, err := n.Get(s)
		must(err)
		must(n.Set(s, v+1))
	},
	"create": func(_ http.ResponseWriter, r *http.Request) { must(n.Set(load(r), 1)) },
	"login": func(_ http.ResponseWriter, r *http.Request) {
		s := load(r)
		v, err := n.Get(s)
		must(err)
		must(s.RegenerateID())
		must(n.Set(s, v+1))
	},
}

func oursOn(tb testing.TB, b ours.Backend, what string, m map[string]any) contestant {
	mw, err := ours.New(b, &ours.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	fill := mw.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := load(r)
		for k, v := range m {
			must(s.Set(k, v))
		}
	}))
	return contestant{"sessions", mw.Handler(ourWork[what]), visit(tb, fill)}
}

func scsOn(tb testing.TB, what string, m map[string]any) contestant {
	return scsOnStore(tb, memstore.NewWithCleanupInterval(0), what, m)
}

func scsOnStore(tb testing.TB, store scs.Store, what string, m map[string]any) contestant {
	mgr := scs.New()
	mgr.Store = store
	work := map[string]http.HandlerFunc{
		"untouched": func(http.ResponseWriter, *http.Request) {},
		"read":      func(_ http.ResponseWriter, r *http.Request) { sink = mgr.GetInt(r.Context(), "n") },
		"write": func(_ http.ResponseWriter, r *http.Request) {
			mgr.Put(r.Context(), "n", mgr.GetInt(r.Context(), "n")+1)
		},
		"create": func(_ http.ResponseWriter, r *http.Request) { mgr.Put(r.Context(), "n", 1) },
		"login": func(_ http.ResponseWriter, r *http.Request) {
			must(mgr.RenewToken(r.Context()))
			mgr.Put(r.Context(), "n", mgr.GetInt(r.Context(), "n")+1)
		},
	}
	fill := mgr.LoadAndSave(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for k, v := range m {
			mgr.Put(r.Context(), k, v)
		}
	}))
	return contestant{"scs", mgr.LoadAndSave(work[what]), visit(tb, fill)}
}

func gorillaOn(tb testing.TB, what string, m map[string]any) contestant {
	store := sessions.NewCookieStore([]byte("01234567890123456789012345678901"))
	get := func(r *http.Request) *sessions.Session {
		s, err := store.Get(r, "session")
		must(err)
		return s
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(r.Context()) // gorilla caches in the request
		s := get(r)
		v, _ := s.Values["n"].(int)
		sink = v
		if what == "write" {
			s.Values["n"] = v + 1
			must(s.Save(r, w))
		}
	}
	fill := func(w http.ResponseWriter, r *http.Request) {
		s := get(r)
		for k, v := range m {
			s.Values[k] = v
		}
		must(s.Save(r, w))
	}
	return contestant{"gorilla", http.HandlerFunc(handler), visit(tb, http.HandlerFunc(fill))}
}

const secret = "a secret that Flask has too, of 32 bytes or more"

// flaskRow is a session in a signed cookie.
func flaskRow(tb testing.TB, what string, keys int, times float64) row {
	c := oursOn(tb, cookie.New(cookie.Flask(secret)), what, values(keys))
	return row{
		name: fmt.Sprintf("signed cookie, %s, %d keys", what, keys), times: times,
		contestants: []contestant{{"floor", floorFlask(secret, what == "write"), c.request}, c, gorillaOn(tb, what, values(keys))},
	}
}

// memoryRow is a session in memory.
func memoryRow(tb testing.TB, what, size string, m map[string]any, times float64) row {
	t := &table{rows: map[string][]byte{}}
	floor := contestant{"floor", floorMemory(t, what), httptest.NewRequest("GET", "/", nil)}
	c := oursOn(tb, memory.New(nil), what, m)
	peer := scsOn(tb, what, m)
	if what == "create" {
		c.request, peer.request = floor.request, floor.request
	} else {
		id := newToken()
		t.put(id, objectOf(m)) // what the session holds
		floor.request.AddCookie(&http.Cookie{Name: "session", Value: id})
	}
	return row{name: "memory, " + what + size, times: times, contestants: []contestant{floor, c, peer}}
}

func rows(tb testing.TB) []row {
	bare := contestant{"floor", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), httptest.NewRequest("GET", "/", nil)}
	untouched := oursOn(tb, memory.New(nil), "untouched", values(3))
	return []row{
		{"B1 untouched, with a cookie", 0, 150 * time.Nanosecond, []contestant{bare, untouched, scsOn(tb, "untouched", values(3))}},
		flaskRow(tb, "read", 3, 2.0),
		flaskRow(tb, "read", 20, 1.6),
		flaskRow(tb, "write", 3, 2.0),
		flaskRow(tb, "write", 20, 1.6),
		memoryRow(tb, "read", ", 3 keys", values(3), 2.5),
		memoryRow(tb, "read", ", 20 keys", values(20), 2.0),
		memoryRow(tb, "read", ", 16 KB", big(), 1.5),
		memoryRow(tb, "write", ", 3 keys", values(3), 3),
		memoryRow(tb, "create", "", values(1), 3),
		memoryRow(tb, "login", ", 3 keys", values(3), 3),
	}
}
