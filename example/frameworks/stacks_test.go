package frameworks_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v3"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/example/frameworks"
	"github.com/gosessions/sessions/example/frameworks/shop"
	"github.com/gosessions/sessions/internal/services"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

// visitor is a browser.
type visitor struct {
	t      *testing.T
	client *http.Client
	url    string
}

func newVisitor(t *testing.T, url string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, &http.Client{Jar: jar, Timeout: 20 * time.Second}, url}
}

// do sends a request and returns the response's status and text.
func (v *visitor) do(method, path, contentType string, body io.Reader) (int, string) {
	v.t.Helper()
	r, err := http.NewRequest(method, v.url+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	response, err := v.client.Do(r)
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, strings.TrimSpace(string(text))
}

// want sends a request and compares the answer.
func (v *visitor) want(method, path string, status int, text string) {
	v.t.Helper()
	path, query, _ := strings.Cut(path, "?")
	var body io.Reader
	contentType := ""
	if method == http.MethodPost {
		body, contentType = strings.NewReader(query), "application/x-www-form-urlencoded"
	}
	got, answer := v.do(method, path, contentType, body)
	if got != status || text != "" && answer != text {
		v.t.Errorf("%s %s: got %d %q, want %d %q", method, path, got, answer, status, text)
	}
}

// cookies returns how many cookies the visitor has.
func (v *visitor) cookies() int {
	u, err := url.Parse(v.url)
	if err != nil {
		v.t.Fatal(err)
	}
	return len(v.client.Jar.Cookies(u))
}

// journeys are what visitors do in the shop of every framework.
var journeys = []struct {
	name string
	do   func(v *visitor)
}{
	{"the cart", func(v *visitor) {
		v.want("GET", "/cart", 200, "null")
		v.want("POST", "/cart?item=tea", 200, `{"tea":1}`)
		v.want("POST", "/cart?item=tea", 200, `{"tea":2}`)
		v.want("GET", "/cart", 200, `{"tea":2}`)
	}},
	{"login, flash and logout", func(v *visitor) {
		v.want("POST", "/cart?item=tea", 200, "")
		name := fmt.Sprint("ada", time.Now().UnixNano())
		v.want("POST", "/login?user="+name, 200, `"`+name+`"`)
		v.want("GET", "/flash", 200, `["Welcome, `+name+`"]`)
		v.want("GET", "/flash", 200, `[]`)
		v.want("GET", "/cart", 200, `{"tea":1}`)
		other := newVisitor(v.t, v.url)
		other.want("POST", "/login?user="+name, 200, "")
		v.want("GET", "/devices", 200, "2")
		v.want("POST", "/logout", 200, `"goodbye"`)
		v.want("GET", "/cart", 200, "null")
		if n := v.cookies(); n != 0 {
			v.t.Errorf("%d cookies are left after the logout", n)
		}
		other.want("GET", "/devices", 200, "1")
	}},
	{"an upload", func(v *visitor) {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		file, err := w.CreateFormFile("file", "a.txt")
		if err != nil {
			v.t.Fatal(err)
		}
		_, _ = io.WriteString(file, strings.Repeat("x", 100_000))
		_ = w.Close()
		if status, text := v.do("POST", "/upload", w.FormDataContentType(), &form); status != 200 || text != "100000" || v.cookies() != 1 {
			v.t.Errorf("got %d %q, %d cookies", status, text, v.cookies())
		}
	}},
	{"a login that fails", func(v *visitor) {
		for _, path := range []string{"/fail?user=eve", "/panic?user=eve"} {
			v.want("POST", path, 500, "")
			if n := v.cookies(); n != 0 {
				v.t.Errorf("%s: %d cookies", path, n)
			}
		}
		v.want("GET", "/devices", 200, "0")
	}},
	{"a page that is not there", func(v *visitor) { v.want("GET", "/nowhere", 404, "") }},
	{"events", events},
	{"a websocket", socket},
}

// events reads a stream while other requests of the visitor change the session.
func events(v *visitor) {
	response, err := v.client.Get(v.url + "/events")
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.Header.Get("Content-Type") != "text/event-stream" || v.cookies() != 1 {
		v.t.Errorf("header: %v", response.Header)
	}
	lines, got := bufio.NewScanner(response.Body), []string{}
	for lines.Scan() {
		if lines.Text() != "" {
			got = append(got, lines.Text())
			v.want("POST", "/cart?item=tea", 200, "")
		}
	}
	if fmt.Sprint(got) != "[data: event 1 data: event 2 data: event 3]" {
		v.t.Errorf("got %q", got)
	}
	v.want("GET", "/cart", 200, `{"event":3,"stream":1,"tea":3}`)
}

// socket sends messages over a websocket while the visitor uses the shop.
func socket(v *visitor) {
	v.want("POST", "/cart?item=tea", 200, "")
	ctx, cancel := context.WithTimeout(v.t.Context(), 20*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, strings.Replace(v.url, "http", "ws", 1)+"/socket", &websocket.DialOptions{HTTPClient: v.client})
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	for i, want := range []string{"tea 2", "tea 4"} {
		if err := conn.Write(ctx, websocket.MessageText, []byte("tea")); err != nil {
			v.t.Fatal(err)
		}
		if _, got, err := conn.Read(ctx); string(got) != want || err != nil {
			v.t.Errorf("got %q, %v, want %q", got, err, want)
		}
		v.want("POST", "/cart?item=tea", 200, fmt.Sprintf(`{"tea":%d}`, 3+2*i))
	}
}

// start serves a stack of this name and returns its address.
func start(t *testing.T, name string, mw *sessions.Middleware) string {
	t.Helper()
	if name == "fiber" {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		app := frameworks.Fiber(mw, shop.Routes(mw))
		go func() { _ = app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
		t.Cleanup(func() { _ = app.ShutdownWithTimeout(time.Second) })
		return "http://" + listener.Addr().String()
	}
	for _, s := range frameworks.Stacks {
		if s.Name == name {
			server := httptest.NewServer(s.Serve(mw, append(shop.Routes(mw), shop.Streams()...)))
			t.Cleanup(server.CloseClientConnections)
			return server.URL
		}
	}
	t.Fatalf("there is no stack %q", name)
	return ""
}

// names returns the names of all stacks.
func names() []string {
	list := []string{"fiber"}
	for _, s := range frameworks.Stacks {
		list = append(list, s.Name)
	}
	return list
}

// newMiddleware returns the middleware of a test over http.
func newMiddleware(t *testing.T, b sessions.Backend) *sessions.Middleware {
	t.Helper()
	mw, err := sessions.New(b, &sessions.Config{
		Transport: sessions.Cookie{Insecure: true},
		Logger:    slog.New(slog.DiscardHandler),
		SaveOn:    func(status int) bool { return status < 500 }, // some recoverers are inside
	})
	if err != nil {
		t.Fatal(err)
	}
	return mw
}

// TestEveryFramework: every visitor's journey ends well under every framework, with
// sessions in memory and in Redis.
func TestEveryFramework(t *testing.T) {
	stores := map[string]func(t *testing.T) sessions.Backend{
		"memory": func(*testing.T) sessions.Backend { return memory.New(nil) },
		"Redis": func(t *testing.T) sessions.Backend {
			b, err := redis.Open(services.Redis(t), &redis.Options{Prefix: services.Unique("frameworks") + ":"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = b.Close() })
			return b
		},
	}
	for store, open := range stores {
		b := open(t)
		for _, name := range names() {
			t.Run(store+"/"+name, func(t *testing.T) {
				address := start(t, name, newMiddleware(t, b))
				for _, journey := range journeys {
					t.Run(journey.name, func(t *testing.T) { journey.do(newVisitor(t, address)) })
				}
			})
		}
	}
}

// TestProcedure: a procedure of connect finds the session of its request.
func TestProcedure(t *testing.T) {
	v := newVisitor(t, start(t, "connect", newMiddleware(t, memory.New(nil))))
	for n := 1; n <= 2; n++ {
		status, text := v.do("POST", "/shop.v1.Shop/AddToCart", "application/json", strings.NewReader("{}"))
		var got map[string]int
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 || got["call"] != n {
			t.Errorf("got %d %q, want %d", status, text, n)
		}
	}
}
