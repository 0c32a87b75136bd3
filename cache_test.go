package sessions_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// sharedCache is a shared cache according to RFC 9111 and RFC 9213. It stores for ever
// every response that it may store, like one with a careless configuration.
type sharedCache struct {
	origin http.Handler
	stored map[string][]cached
	hits   int
}

type cached struct {
	request  http.Header
	response *httptest.ResponseRecorder
}

func newSharedCache(origin http.Handler) *sharedCache {
	return &sharedCache{origin: origin, stored: map[string][]cached{}}
}

func (c *sharedCache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == "GET" || r.Method == "HEAD" {
		for _, entry := range c.stored[r.URL.String()] {
			if entry.fits(r) {
				c.hits++
				entry.write(w, r)
				return
			}
		}
	}
	fresh := httptest.NewRecorder()
	c.origin.ServeHTTP(fresh, r)
	entry := cached{r.Header.Clone(), fresh}
	if r.Method == "GET" && entry.mayBeStored(r) {
		c.stored[r.URL.String()] = append(c.stored[r.URL.String()], entry)
	}
	entry.write(w, r)
}

func (c cached) write(w http.ResponseWriter, r *http.Request) {
	for name, values := range c.response.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(c.response.Code)
	if r.Method != "HEAD" {
		_, _ = w.Write(c.response.Body.Bytes())
	}
}

// directives returns the directives of the field that a shared cache obeys.
func (c cached) directives() map[string]bool {
	h := c.response.Header()
	lines := h.Values("CDN-Cache-Control")
	if len(lines) == 0 {
		lines = h.Values("Cache-Control")
	}
	found := map[string]bool{}
	for _, directive := range strings.Split(strings.Join(lines, ","), ",") {
		name, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		found[name] = true
	}
	return found
}

// mayBeStored reports whether a cache may store a response (RFC 9111, 3).
func (c cached) mayBeStored(r *http.Request) bool {
	d := c.directives()
	switch {
	case d["no-store"], d["private"]:
		return false
	case r.Header.Get("Authorization") != "":
		return d["public"] || d["s-maxage"] || d["must-revalidate"]
	}
	return c.response.Code != http.StatusPartialContent && c.response.Code != http.StatusNotModified
}

// fits reports whether a stored response matches a request (RFC 9111, 4.1).
func (c cached) fits(r *http.Request) bool {
	for _, line := range c.response.Header().Values("Vary") {
		for _, name := range strings.Split(line, ",") {
			name = strings.TrimSpace(name)
			if name == "*" || strings.Join(c.request.Values(name), ",") != strings.Join(r.Header.Values(name), ",") {
				return false
			}
		}
	}
	return true
}

// cacheable are pages whose handlers ask shared caches to store them, rightly or
// wrongly.
func cacheable(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=600, s-maxage=600")
	w.Header().Set("CDN-Cache-Control", "max-age=600")
	w.Header().Set("ETag", `"v1"`)
	use := r.URL.Path != "/static" && r.URL.Path != "/refreshed"
	if !use {
		_, _ = fmt.Fprint(w, "the same for all")
		return
	}
	s, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	switch r.URL.Path {
	case "/login":
		_ = s.RegenerateID()
		_ = user.Set(s, r.URL.Query().Get("user"))
	case "/count":
		_, _ = visits.Update(s, func(n int) (int, error) { return n + 1, nil })
	case "/logout":
		_ = s.Destroy(r.Context())
	case "/flash":
		_ = s.Flash("", "hello")
	case "/missing":
		w.WriteHeader(http.StatusNotFound)
	case "/moved":
		w.Header().Set("Location", "/")
		w.WriteHeader(http.StatusMovedPermanently)
	case "/keys":
		_ = s.Keys()
	case "/id":
		_, _ = fmt.Fprint(w, s.PublicID()[:min(2, len(s.PublicID()))], " ")
	case "/file":
		name, _ := user.Get(s)
		http.ServeContent(w, r, "x.txt", time.Unix(1, 0), bytes.NewReader([]byte(name+strings.Repeat(" ", 100))))
		return
	}
	name, _ := user.Get(s)
	_, _ = fmt.Fprint(w, name)
}

// TestCACHE4_C7_SharedCache sends people with and without sessions through one shared
// cache: no one sees the data of another.
func TestCACHE4_C7_SharedCache(t *testing.T) {
	for name, tt := range map[string]struct {
		backend sessions.Backend
		config  sessions.Config
	}{
		"memory":    {memory.New(nil), sessions.Config{IdleTimeout: time.Hour}},
		"refreshed": {memory.New(nil), sessions.Config{IdleTimeout: time.Hour, RefreshUntouched: true}},
		"flask":     {cookie.New(cookie.Flask(secret)), sessions.Config{RefreshUntouched: true}},
		"encrypted": {cookie.New(cookie.Encrypted(secret)), sessions.Config{IdleTimeout: time.Hour, Autoload: sessions.Paths("/auto")}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if _, ok := tt.backend.(*memory.Backend); ok { // of this bubble
					b := memory.New(nil)
					defer b.Close()
					tt.backend = b
				}
				cache := newSharedCache(newMiddleware(t, tt.backend, &tt.config).Handler(http.HandlerFunc(cacheable)))
				random := rand.New(rand.NewPCG(1, 2))
				people := make([]*person, 4)
				for i := range people {
					people[i] = &person{client: newClient(t, cache)}
				}
				owner := map[string]int{}
				for range 3000 {
					i := random.IntN(len(people))
					people[i].walk(random, i, owner)
					time.Sleep(time.Duration(random.IntN(60)) * time.Second)
				}
				if cache.hits < 50 {
					t.Errorf("%d hits: the cache was not put to the test", cache.hits)
				}
			})
		})
	}
}

type person struct {
	*client
	name string
}

// walk takes a random step. owner maps tokens to the people who got them.
func (p *person) walk(random *rand.Rand, i int, owner map[string]int) {
	paths := []string{"/", "/static", "/static", "/refreshed", "/count", "/missing", "/moved", "/keys", "/id", "/auto", "/flash", "/file", "/login", "/logout"}
	path := paths[random.IntN(len(paths))]
	url := path
	if path == "/login" {
		p.name = fmt.Sprintf("user%d", i)
		url += "?user=" + p.name
	}
	r := p.request(url)
	if random.IntN(8) == 0 {
		r.Method = "HEAD"
	}
	if path == "/file" && random.IntN(3) == 0 {
		r.Header.Set("Range", "bytes=0-4")
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	p.keep(w.Result())
	if path == "/logout" || len(p.cookies) == 0 {
		p.name = ""
	}
	for _, c := range w.Result().Cookies() {
		if had, known := owner[c.Value]; known && had != i && c.Value != "" {
			p.t.Fatalf("%s: the token of person %d goes to person %d", path, had, i)
		}
		owner[c.Value] = i
	}
	got := w.Body.String()
	for other := range 4 {
		if name := fmt.Sprintf("user%d", other); strings.Contains(got, name) && name != p.name {
			p.t.Fatalf("%s: %q sees %q", path, p.name, got)
		}
	}
	if r.Method == "GET" && (path == "/" || path == "/count") && got != p.name {
		p.t.Fatalf("%s: %q sees %q", path, p.name, got)
	}
}

// kindsOfAnswer are the kinds of answers that a handler can give.
var kindsOfAnswer = map[string]func(w http.ResponseWriter, r *http.Request){
	"200":      func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("x")) },
	"nothing":  func(http.ResponseWriter, *http.Request) {},
	"204":      func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) },
	"301":      func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusMovedPermanently) },
	"304":      func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotModified) },
	"404":      http.NotFound,
	"500":      func(w http.ResponseWriter, r *http.Request) { http.Error(w, "x", 500) },
	"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusSeeOther) },
	"206": func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Range", "bytes=1-2")
		http.ServeContent(w, r, "x", time.Time{}, strings.NewReader("abcdef"))
	},
}

// TestCACHE1_E20_VaryWhereverTheSessionCounts: a response has Vary if its handler
// used the session in any way, whatever its status, and otherwise not.
func TestCACHE1_E20_VaryWhereverTheSessionCounts(t *testing.T) {
	looks := map[string]func(s *sessions.Session){
		"load":    func(*sessions.Session) {},
		"get":     func(s *sessions.Session) { _, _ = s.Get("user") },
		"has":     func(s *sessions.Session) { s.Has("user") },
		"len":     func(s *sessions.Session) { s.Len() },
		"keys":    func(s *sessions.Session) { s.Keys() },
		"id":      func(s *sessions.Session) { s.PublicID() },
		"new":     func(s *sessions.Session) { s.IsNew() },
		"flashes": func(s *sessions.Session) { _, _ = s.Flashes() },
		"clear":   func(s *sessions.Session) { _ = s.Clear() },
		"set":     func(s *sessions.Session) { _ = s.Set("k", 1) },
		"take":    func(s *sessions.Session) { _, _ = s.Take("k") },
		"flash":   func(s *sessions.Session) { _ = s.Flash("", "x") },
		"rotate":  func(s *sessions.Session) { _ = s.RegenerateID() },
		"destroy": func(s *sessions.Session) { _ = s.Destroy(context.Background()) },
		"discard": func(s *sessions.Session) { s.Discard() },
		"expires": func(s *sessions.Session) { s.Expires() },
	}
	for _, transport := range []sessions.Transport{sessions.Cookie{}, sessions.Bearer()} {
		mw := newMiddleware(t, memory.New(nil), &sessions.Config{Transport: transport})
		for answer, f := range kindsOfAnswer {
			for look, g := range looks {
				c := newClient(t, mw.Handler(handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { g(s); f(w, r) })))
				if got := c.get("/").Header.Get("Vary"); got != transport.Vary() {
					t.Errorf("%s, %s: Vary %q, want %s", look, answer, got, transport.Vary())
				}
			}
			if got := newClient(t, mw.Handler(http.HandlerFunc(f))).get("/").Header.Get("Vary"); got != "" {
				t.Errorf("%s, not loaded: Vary %q", answer, got)
			}
		}
	}
}

// TestCACHE3_RefreshOfAnUntouchedSession: RefreshUntouched extends a sliding
// lifetime although the handler does not use its session.
func TestCACHE3_RefreshOfAnUntouchedSession(t *testing.T) {
	for name, config := range map[string]sessions.Config{
		"refreshed": {RefreshUntouched: true},
		"autoload":  {Autoload: sessions.Always},
	} {
		synctest.Test(t, func(t *testing.T) {
			mw := newMiddleware(t, cookie.New(cookie.Flask(secret)), &config)
			c := newClient(t, serve(t, mw, routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				check(t, s.SetPersistent(true))
				check(t, user.Set(s, "ada"))
			}}))
			c.get("/")
			time.Sleep(7 * 24 * time.Hour)
			c.handler = mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "public, max-age=600")
				w.Header().Set("CDN-Cache-Control", "max-age=600")
				_, _ = fmt.Fprint(w, "the same for all")
			}))
			h := c.get("/").Header
			if len(h.Values("Set-Cookie")) != 1 || h.Get("Vary") != "Cookie" || h.Get("Cache-Control") != "no-store" || h.Get("CDN-Cache-Control") != "" {
				t.Errorf("%s: got %v, want a refreshed cookie that no cache keeps", name, h)
			}
		})
	}
}

// TestCACHE3_RefreshThatSendsNothing: as in Flask, a response that does not depend on
// the session, and refreshes no cookie, says nothing of cookies to caches.
func TestCACHE3_RefreshThatSendsNothing(t *testing.T) {
	mw := newMiddleware(t, cookie.New(cookie.Flask(secret)), &sessions.Config{RefreshUntouched: true})
	c := start(t, mw, nil)
	c.handler = mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, "the same for all") }))
	if h := c.get("/").Header; h.Get("Vary") != "" || h.Get("Set-Cookie") != "" || h.Get("Cache-Control") != "" {
		t.Errorf("got %v, want no header of a session", h)
	}
}

// TestCACHE5_R18_EveryKindOfAnswer: over a real connection, every kind of answer to
// every kind of request carries the new token and forbids caches to store it.
func TestCACHE5_R18_EveryKindOfAnswer(t *testing.T) {
	for answer, f := range kindsOfAnswer {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			server := listen(t, memory.New(nil), func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
				if r.URL.RawQuery == "who" {
					basics["/who"](w, r, s)
					return
				}
				w.Header().Set("Cache-Control", "public, max-age=600")
				check(t, user.Set(s, "ada"))
				f(w, r)
			})
			ask := func(method, url string, cookies []*http.Cookie) *http.Response {
				request, err := http.NewRequest(method, url, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range cookies {
					request.AddCookie(c)
				}
				response, err := http.DefaultTransport.RoundTrip(request)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = response.Body.Close() })
				return response
			}
			response := ask(method, server.URL, nil)
			if h := response.Header; len(h.Values("Set-Cookie")) != 1 || h.Get("Vary") != "Cookie" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("%s, %s: got %d, %v", method, answer, response.StatusCode, h)
			}
			if got := body(ask("GET", server.URL+"?who", response.Cookies())); got != "ada" {
				t.Errorf("%s, %s: stored %q, want ada", method, answer, got)
			}
		}
	}
}

// TestR18_PreflightCostsNothing: a preflight request of another site, which carries no
// credentials, causes no I/O and sets no cookie.
func TestR18_PreflightCostsNothing(t *testing.T) {
	b := backends.Intercept(memory.New(nil), func(_ context.Context, op backends.Op, _ func(context.Context) error) error {
		t.Errorf("the backend was asked: %s", op)
		return nil
	})
	for name, config := range map[string]*sessions.Config{"untouched": nil, "autoload": {Autoload: sessions.Always}} {
		h := newMiddleware(t, b, config).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "https://example.com")
			w.WriteHeader(http.StatusNoContent)
		}))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("OPTIONS", "/", nil))
		if w.Code != http.StatusNoContent || w.Header().Get("Set-Cookie") != "" || w.Header().Get("Cache-Control") != "" {
			t.Errorf("%s: got %d, %v", name, w.Code, w.Header())
		}
	}
}
