package sessions_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/internal/race"
)

// newMiddleware is sessions.New for tests.
func newMiddleware(t testing.TB, b sessions.Backend, config *sessions.Config) *sessions.Middleware {
	t.Helper()
	if config == nil {
		config = new(sessions.Config)
	}
	quiet := *config
	quiet.Logger = slog.New(slog.DiscardHandler)
	mw, err := sessions.New(b, &quiet)
	if err != nil {
		t.Fatal(err)
	}
	return mw
}

// client keeps cookies like a browser that visits one https site.
type client struct {
	t       testing.TB
	handler http.Handler
	cookies map[string]string
}

func newClient(t testing.TB, h http.Handler) *client {
	return &client{t, h, map[string]string{}}
}

func (c *client) request(path string) *http.Request {
	r := httptest.NewRequest("GET", path, nil)
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (c *client) keep(response *http.Response) {
	for _, cookie := range response.Cookies() {
		if cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
			continue
		}
		c.cookies[cookie.Name] = cookie.Value
	}
}

func (c *client) get(path string) *http.Response {
	c.t.Helper()
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, c.request(path))
	response := w.Result()
	c.keep(response)
	return response
}

// do sends a request with the given cookies and does not change those of the client.
func (c *client) do(path string, cookies map[string]string) *http.Response {
	other := newClient(c.t, c.handler)
	for name, value := range cookies {
		other.cookies[name] = value
	}
	return other.get(path)
}

func (c *client) copies() map[string]string {
	copies := map[string]string{}
	for name, value := range c.cookies {
		copies[name] = value
	}
	return copies
}

// with lets h answer one request of c, inside mw.
func (c *client) with(mw *sessions.Middleware, ctx context.Context, h http.Handler) *http.Response {
	w := httptest.NewRecorder()
	mw.Handler(h).ServeHTTP(w, c.request("/").WithContext(ctx))
	response := w.Result()
	c.keep(response)
	return response
}

// routes maps paths to functions that use the session.
type routes map[string]func(w http.ResponseWriter, r *http.Request, s *sessions.Session)

// serve returns a handler that loads the session and runs the path's route.
func serve(t testing.TB, mw *sessions.Middleware, routes routes) http.Handler {
	return mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		routes[r.URL.Path](w, r, s)
	}))
}

// handler is a handler that gets its session as an argument.
func handler(t testing.TB, f func(w http.ResponseWriter, r *http.Request, s *sessions.Session)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			t.Errorf("Load: %v", err)
			return
		}
		f(w, r, s)
	})
}

const user sessions.Key[string] = "user"

var basics = routes{
	"/read": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		_, _ = user.Get(s)
	},
	"/login": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		_ = s.RegenerateID()
		_ = user.Set(s, "ada")
	},
	"/same":    func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { _ = user.Set(s, "ada") },
	"/other":   func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { _ = user.Set(s, "bob") },
	"/clear":   func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { _ = s.Clear() },
	"/destroy": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) { _ = s.Destroy(r.Context()) },
	"/undo": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		_ = user.Set(s, "eve")
		_ = user.Set(s, "ada")
	},
	"/again": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		_ = s.Destroy(r.Context())
		_ = user.Set(s, "new")
	},
	"/who": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		name, _ := user.Get(s)
		_, _ = w.Write([]byte(name))
	},
}

func increment(t *testing.T) func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
	return func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		_, err := visits.Update(s, func(n int) (int, error) { return n + 1, nil })
		check(t, err)
	}
}

// start stores a session with user = ada and returns its client.
func start(t testing.TB, mw *sessions.Middleware, more routes) *client {
	t.Helper()
	all := routes{}
	for path, f := range basics {
		all[path] = f
	}
	for path, f := range more {
		all[path] = f
	}
	c := newClient(t, serve(t, mw, all))
	if response := c.get("/same"); response.StatusCode != 200 || len(c.cookies) != 1 {
		t.Fatalf("start: status %d, cookies %v", response.StatusCode, c.cookies)
	}
	return c
}

// in calls f with the session of one request of c.
func in(c *client, mw *sessions.Middleware, f func(r *http.Request, s *sessions.Session)) *http.Response {
	c.t.Helper()
	before := c.handler
	defer func() { c.handler = before }()
	c.handler = mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		f(r, s)
	}))
	return c.get("/")
}

// listen serves one handler, with its session, on a real connection.
func listen(t *testing.T, b sessions.Backend, f func(w http.ResponseWriter, r *http.Request, s *sessions.Session)) *httptest.Server {
	t.Helper()
	mw := newMiddleware(t, b, nil)
	server := httptest.NewServer(serve(t, mw, routes{"/": f}))
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func body(r *http.Response) string {
	var b strings.Builder
	buf := make([]byte, 1024)
	for {
		n, err := r.Body.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return b.String()
		}
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// belowServerErrors is a Config.SaveOn.
func belowServerErrors(status int) bool { return status < 500 }

// recovering answers panics of inner handlers with 500, like most frameworks.
func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "recovered", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// together runs f in n goroutines.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// within runs f, and fails the test if f hangs.
func within(t testing.TB, f func()) {
	t.Helper()
	done := make(chan bool)
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it hangs")
	}
}

// scale returns how many requests a load test sends: fewer if each costs more.
func scale(n int) int {
	if race.Enabled || testing.Short() {
		return n / 10
	}
	return n
}
