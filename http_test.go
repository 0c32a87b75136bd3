package sessions_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// stack is a way to serve handlers.
type stack struct {
	name  string
	inner func(h http.Handler) http.Handler // between the middleware and the handlers; nil: nothing
	serve func(t *testing.T, h http.Handler) *httptest.Server
	final bool // takes a 103 for the final status, as http.TimeoutHandler does
}

func serveHTTP1(t *testing.T, h http.Handler) *httptest.Server {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func serveHTTP2(t *testing.T, h http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// proxyTo returns a reverse proxy for the server at address.
func proxyTo(t *testing.T, address string) http.Handler {
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
}

func inTime(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "too late") }

var stacks = []stack{
	{"HTTP 1", nil, serveHTTP1, false},
	{"HTTP 2", nil, serveHTTP2, false},
	{"a timeout around", nil, func(t *testing.T, h http.Handler) *httptest.Server { return serveHTTP1(t, inTime(h)) }, true},
	{"a timeout inside", inTime, serveHTTP1, true},
	{"a proxy in front", nil, func(t *testing.T, h http.Handler) *httptest.Server {
		return serveHTTP1(t, proxyTo(t, serveHTTP1(t, h).URL))
	}, false},
	{"a proxy in front, HTTP 2", nil, func(t *testing.T, h http.Handler) *httptest.Server {
		return serveHTTP2(t, proxyTo(t, serveHTTP1(t, h).URL))
	}, false},
}

// way is a way to write a response.
type way struct {
	name    string
	method  string
	header  http.Header // of the request
	respond func(t *testing.T, w http.ResponseWriter, r *http.Request)
	status  int
	body    string
	hints   bool // the response follows a 103
}

var text = strings.Repeat("All work and no play. ", 5000)

func ways(t *testing.T) []way {
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	upstream := serveHTTP1(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		if len(r.Cookies()) == 0 {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "of-the-upstream"})
		}
		_, _ = io.WriteString(w, "up")
	}))
	proxy := proxyTo(t, upstream.URL)
	file := func(_ *testing.T, w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path) }
	write := func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }
	status := func(code int) func(*testing.T, http.ResponseWriter, *http.Request) {
		return func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	return []way{
		{"nothing", "GET", nil, func(*testing.T, http.ResponseWriter, *http.Request) {}, 200, "", false},
		{"write", "GET", nil, write, 200, "ok", false},
		{"HEAD", "HEAD", nil, write, 200, "", false},
		{"no content", "GET", nil, status(204), 204, "", false},
		{"not modified", "GET", nil, status(304), 304, "", false},
		{"error", "GET", nil, func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", 500) }, 500, "oops\n", false},
		{"redirect", "POST", nil, func(_ *testing.T, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/", http.StatusSeeOther)
		}, 303, "", false},
		{"events", "GET", nil, func(_ *testing.T, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for range 3 {
				_, _ = io.WriteString(w, "data: x\n\n")
				_ = http.NewResponseController(w).Flush()
			}
		}, 200, "data: x\n\ndata: x\n\ndata: x\n\n", false},
		{"flush first", "GET", nil, func(t *testing.T, w http.ResponseWriter, _ *http.Request) {
			if err := http.NewResponseController(w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("Flush: %v", err)
			}
		}, 200, "", false},
		{"copied file", "GET", nil, func(t *testing.T, w http.ResponseWriter, _ *http.Request) {
			f, err := os.Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			if n, err := io.Copy(w, f); n != int64(len(text)) || err != nil {
				t.Errorf("Copy: %d bytes, %v", n, err)
			}
		}, 200, text, false},
		{"served file", "GET", nil, file, 200, text, false},
		{"part of a file", "GET", http.Header{"Range": {"bytes=4-7"}}, file, 206, "work", false},
		{"file not modified", "GET", http.Header{"If-Modified-Since": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}, file, 304, "", false},
		{"early hints", "GET", nil, func(_ *testing.T, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = io.WriteString(w, "ok")
		}, 200, "ok", true},
		{"continue", "POST", http.Header{"Expect": {"100-continue"}}, func(_ *testing.T, w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, r.Body)
		}, 200, "sent", false},
		{"trailer", "GET", nil, func(_ *testing.T, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			_, _ = io.WriteString(w, "ok")
			w.Header().Set("X-Sum", "1")
		}, 200, "ok", false},
		{"upstream's", "GET", nil, func(_ *testing.T, w http.ResponseWriter, r *http.Request) { proxy.ServeHTTP(w, r) }, 200, "up", true},
	}
}

// TestC4_EveryResponseInEveryStack serves every kind of response in every stack. The
// response sets the cookie once, after the session was stored, and not again when the
// client has it.
func TestC4_EveryResponseInEveryStack(t *testing.T) {
	for _, stack := range stacks {
		for _, way := range ways(t) {
			if stack.final && way.hints {
				continue
			}
			t.Run(stack.name+"/"+way.name, func(t *testing.T) { serveWay(t, stack, way) })
		}
	}
}

func serveWay(t *testing.T, stack stack, way way) {
	begun := make(chan bool, 1) // the first byte of the final response has arrived
	var commits atomic.Int32
	b := backends.Intercept(memory.New(nil), func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if op == backends.OpSwap {
			commits.Add(1)
			select {
			case <-begun:
				t.Error("the response began before the session was stored")
			case <-time.After(5 * time.Millisecond):
			}
		}
		return next(ctx)
	})
	h := handler(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		if r.URL.Path == "/who" {
			basics["/who"](w, r, s)
			return
		}
		check(t, user.Set(s, r.URL.Query().Get("name")))
		way.respond(t, w, r)
	})
	if stack.inner != nil {
		h = stack.inner(h)
	}
	mw := newMiddleware(t, b, &sessions.Config{Transport: sessions.Cookie{Insecure: true}})
	server := stack.serve(t, mw.Handler(h))
	transport := server.Client().Transport.(*http.Transport)
	transport.ExpectContinueTimeout = time.Minute
	ask := func(method, path string, header http.Header, trace *httptrace.ClientTrace) (*http.Response, string) {
		var sent io.Reader
		if method == "POST" {
			sent = strings.NewReader("sent")
		}
		request, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), method, server.URL+path, sent)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = header
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		got, err := io.ReadAll(response.Body)
		check(t, err)
		return response, string(got)
	}

	header := http.Header{}
	for i, name := range []string{"ada", "bob"} {
		commits.Store(0)
		hinted, continued := false, false
		trace := &httptrace.ClientTrace{Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
			hinted = true
			if h.Get("Set-Cookie") != "" {
				t.Errorf("1xx: Set-Cookie %q", h["Set-Cookie"])
			}
			return nil
		}, Got100Continue: func() { continued = true }}
		if !way.hints && way.header["Expect"] == nil {
			trace.GotFirstResponseByte = func() { begun <- true }
		}
		this := header.Clone()
		maps.Copy(this, way.header)
		response, got := ask(way.method, "/?name="+name, this, trace)
		if response.StatusCode != way.status || got != way.body || way.hints && !hinted {
			t.Errorf("got %d, %d bytes %.40q, hints %v, want %d, %.40q", response.StatusCode, len(got), got, hinted, way.status, way.body)
		}
		if continued != (way.header["Expect"] != nil) {
			t.Errorf("100 Continue: %v", continued)
		}
		ours := slices.DeleteFunc(response.Cookies(), func(c *http.Cookie) bool { return c.Name != "session" })
		if want := []int{1, 0}[i]; len(ours) != want {
			t.Fatalf("request %d: %d cookies of our name, want %d: %v", i, len(ours), want, response.Header)
		}
		if n := commits.Load(); n != 1 {
			t.Errorf("request %d: %d commits, want 1", i, n)
		}
		for _, c := range ours {
			header.Set("Cookie", c.Name+"="+c.Value)
		}
		if _, got := ask("GET", "/who", header.Clone(), &httptrace.ClientTrace{}); got != name {
			t.Errorf("stored: got %q, want %q", got, name)
		}
		select {
		case <-begun:
		default:
		}
	}
}

// TestC4_R21_OverHTTP2: over HTTP/2, Hijack fails and the handler can still respond.
// Push is not a response, and commits nothing.
func TestC4_R21_OverHTTP2(t *testing.T) {
	b := memory.New(nil)
	server := serveHTTP2(t, serve(t, newMiddleware(t, b, nil), routes{"/": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		if _, ok := w.(http.Pusher); !ok {
			t.Error("no Pusher")
		} else if err := w.(http.Pusher).Push("/style.css", nil); !errors.Is(err, http.ErrNotSupported) { // by the client
			t.Errorf("Push: got %v, want ErrNotSupported", err)
		}
		if _, ok := w.(io.ReaderFrom); ok {
			t.Error("ReaderFrom is claimed")
		}
		check(t, user.Set(s, "ada"))
		if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
			t.Error("Hijack: no error")
		}
		_, _ = io.WriteString(w, r.Proto)
	}}))
	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := body(response); got != "HTTP/2.0" || len(response.Cookies()) != 1 || count(t, b) != 1 {
		t.Errorf("got %q, cookies %v, %d stored", got, response.Cookies(), count(t, b))
	}
}
