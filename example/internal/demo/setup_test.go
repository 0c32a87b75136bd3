package demo

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/example/internal/web"
	"github.com/gosessions/sessions/internal/services"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what New has to say to operators
	var err error
	if folder, err = os.MkdirTemp("", "example-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

const secret = "4f1d0c7be2a95836a7e09d5cf4b8123e" // of 32 bytes, for every codec

// setup is a way to start the demonstration.
type setup struct {
	name string
	args []string
	with func(t *testing.T) []string // servers of the test's own

	stateless bool // nothing to list, nothing to race for
	inHeader  bool // no limit of a cookie
	smallInts bool // 64 bits and no more
}

// setups are all of them.
var setups = []setup{
	{name: "memory"},
	{name: "memory, flask", args: []string{"-serializer", "flask"}},
	{name: "memory, msgpack", args: []string{"-serializer", "msgpack"}, smallInts: true},
	{name: "memory, header", args: []string{"-transport", "header"}, inHeader: true},
	{name: "memory, autoload", args: []string{"-autoload"}},
	{name: "memory, idle", args: []string{"-idle", "20m", "-lifetime", "2h"}},
	{name: "redis", with: withRedis},
	{name: "redis, msgpack", args: []string{"-serializer", "msgpack", "-idle", "20m"}, with: withRedis, smallInts: true},
	{name: "postgres", with: withPostgres},
	{name: "postgres, flask", args: []string{"-serializer", "flask", "-idle", "20m"}, with: withPostgres},
	{name: "flask", args: []string{"-backend", "cookie"}, stateless: true},
	{name: "flask, header", args: []string{"-backend", "cookie", "-codec", "flask", "-transport", "header"}, stateless: true, inHeader: true},
	{name: "starlette", args: []string{"-backend", "cookie", "-codec", "starlette"}, stateless: true},
	{name: "jwt", args: []string{"-backend", "cookie", "-codec", "jwt"}, stateless: true},
	{name: "jwt, header", args: []string{"-backend", "cookie", "-codec", "jwt", "-transport", "header"}, stateless: true, inHeader: true},
	{name: "encrypted", args: []string{"-backend", "cookie", "-codec", "encrypted"}, stateless: true},
	{name: "encrypted, flask", args: []string{"-backend", "cookie", "-codec", "encrypted", "-serializer", "flask", "-idle", "20m"}, stateless: true},
}

func withRedis(t *testing.T) []string {
	return []string{"-backend", "redis", "-redis", services.RedisServer(t, services.RedisOptions{}).URL()}
}

func withPostgres(t *testing.T) []string {
	return []string{"-backend", "postgres", "-postgres", services.Postgres(t)}
}

// start serves the demonstration as the setup wants it.
func (s setup) start(t *testing.T, wrap func(sessions.Backend) sessions.Backend) string {
	t.Helper()
	args := s.args
	if s.with != nil {
		args = append(s.with(t), args...)
	}
	return startWith(t, args, wrap)
}

// everywhere runs a test with every setup.
func everywhere(t *testing.T, test func(t *testing.T, s setup, url string)) {
	for _, s := range setups {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s, s.start(t, unchanged))
		})
	}
}

// onServers runs a test with every setup that keeps sessions on the server. A
// value arrives at reads whenever one was read, as long as there is room.
func onServers(t *testing.T, test func(t *testing.T, url string, reads chan struct{})) {
	for _, s := range setups {
		if s.stateless {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			reads := make(chan struct{}, 1)
			url := s.start(t, func(backend sessions.Backend) sessions.Backend {
				return backends.Intercept(backend, func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
					err := next(ctx)
					if op == backends.OpRead {
						select {
						case reads <- struct{}{}:
						default:
						}
					}
					return err
				})
			})
			test(t, url, reads)
		})
	}
}

// start serves the demonstration and returns its URL.
func start(t *testing.T, args ...string) string {
	t.Helper()
	return startWith(t, args, unchanged)
}

func unchanged(b sessions.Backend) sessions.Backend { return b }

func startWith(t *testing.T, args []string, wrap func(sessions.Backend) sessions.Backend) string {
	t.Helper()
	settings, err := parse(append([]string{"-insecure", "-secret", secret}, args...), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	backend, format, err := open(settings)
	if err != nil {
		t.Fatal(err)
	}
	app, err := wire(settings, wrap(backend), format)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBackend(backend) })
	if err := prepare(t.Context(), backend); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(web.Limit(app.routes()))
	t.Cleanup(server.Close)
	return server.URL
}

// visitor is a program, or a browser, that keeps its token.
type visitor struct {
	t      *testing.T
	url    string
	jar    http.CookieJar
	bearer string
	accept string
	client *http.Client
}

// program returns a visitor who asks for JSON.
func program(t *testing.T, url string) *visitor {
	v := person(t, url)
	v.accept = "application/json"
	return v
}

// person returns a visitor with a browser.
func person(t *testing.T, url string) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	// With connections of its own: httptest closes the idle ones that are shared
	// whenever a server ends.
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{
		Transport:     transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &visitor{t: t, url: url, jar: jar, client: client, accept: "text/html,application/xhtml+xml,*/*;q=0.8"}
}

// copy returns a visitor with the same token and a life of its own.
func (v *visitor) copy() *visitor {
	c := *person(v.t, v.url)
	c.bearer, c.accept = v.bearer, v.accept
	site, _ := url.Parse(v.url)
	c.jar.SetCookies(site, v.jar.Cookies(site))
	return &c
}

type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request. It may be called from any goroutine, but not from two at
// once where the token changes.
func (v *visitor) do(method, path string, form url.Values) answer {
	r, err := http.NewRequest(method, v.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Error(err)
		return answer{}
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", v.accept)
	if v.bearer != "" {
		r.Header.Set("Authorization", v.bearer)
	}
	return v.send(r)
}

func (v *visitor) send(r *http.Request) answer {
	response, err := v.client.Do(r)
	if err != nil {
		v.t.Error(err)
		return answer{}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Error(err)
	}
	if lines := response.Header["Authorization"]; len(lines) > 0 {
		v.bearer = lines[0]
	}
	return answer{response.StatusCode, response.Header, strings.TrimSpace(string(body))}
}

func (v *visitor) get(path string) answer { return v.do("GET", path, nil) }

// post sends a form of names and values.
func (v *visitor) post(path string, pairs ...string) answer {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return v.do("POST", path, form)
}

// want checks an answer.
func (a answer) want(t *testing.T, status int, body string) {
	t.Helper()
	if a.status != status || a.body != body {
		t.Errorf("got %d %s\nwant %d %s", a.status, a.body, status, body)
	}
}

// decode returns the JSON of an answer.
func (a answer) decode(t *testing.T, target any) {
	t.Helper()
	if got, want := a.header.Get("Content-Type"), "application/json"; got != want {
		t.Errorf("Content-Type: got %q, want %q", got, want)
	}
	if err := json.Unmarshal([]byte(a.body), target); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

// values returns what the session holds, as JSON text.
func (v *visitor) values() string {
	v.t.Helper()
	var whole struct{ Values json.RawMessage }
	v.get("/session").decode(v.t, &whole)
	return string(whole.Values)
}
