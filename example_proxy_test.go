package sessions_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"

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
