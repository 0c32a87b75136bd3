package sessions_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/sessionstest"
)

// gateway passes requests on to the server at target. It says who the visitor is in
// the header X-User, and keeps the session's cookie to itself.
func gateway(target *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.SetURL(target)
			pr.SetXForwarded()
			pr.Out.Header.Del("X-User") // what the client says about itself
			if session, ok := sessions.FromContext(pr.In.Context()); ok && session.Subject() != "" {
				pr.Out.Header.Set("X-User", session.Subject())
			}
			pr.Out.Header.Del("Cookie")
			for _, c := range pr.In.Cookies() {
				if c.Name != "__Host-session" {
					pr.Out.AddCookie(c)
				}
			}
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := sessions.Load(r.Context()); err != nil {
			sessions.Error(w, r, err)
			return
		}
		proxy.ServeHTTP(w, r)
	})
}

// A gateway keeps the sessions, and tells the servers behind it who the visitor is.
func Example_reverseProxy() {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
		fmt.Fprintf(w, "user %q, cookies %q\n", r.Header.Get("X-User"), strings.Join(r.Header["Cookie"], "; "))
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	mw, _ := sessions.New(memory.New(nil), nil)
	visitor := sessionstest.NewVisitor(mw)
	for _, user := range []string{"", "ada"} {
		_ = visitor.Session(func(s *sessions.Session) error { return s.SetSubject(user) })
		request := httptest.NewRequest("GET", "/", nil)
		request.Header.Set("X-User", "eve")
		response := visitor.Do(mw.Handler(gateway(target)), request)
		fmt.Print(response.Body)
		fmt.Println("depends on the cookie:", slices.Contains(response.Header()["Vary"], "Cookie"))
	}
	// Output:
	// user "", cookies ""
	// depends on the cookie: true
	// user "ada", cookies "theme=dark"
	// depends on the cookie: true
}

// TestGatewayUpgrades: an upgraded connection passes through the gateway, in both
// directions.
func TestGatewayUpgrades(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		line, err := buf.ReadString('\n')
		check(t, err)
		fmt.Fprintf(conn, "%s said %s", r.Header.Get("X-User"), line)
	}))
	t.Cleanup(upstream.Close)
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	mw := newMiddleware(t, memory.New(nil), nil)
	cookie := visit(mw, nil, func(r *http.Request, s *sessions.Session) error { return s.SetSubject("ada") })[0]
	front := httptest.NewServer(mw.Handler(gateway(target)))
	t.Cleanup(front.Close)

	conn, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\nCookie: %s=%s\r\n\r\n", cookie.Name, cookie.Value)
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v, want 101", response, err)
	}
	fmt.Fprint(conn, "hello\n")
	if line, err := reader.ReadString('\n'); line != "ada said hello\n" {
		t.Errorf("got %q, %v", line, err)
	}
}
