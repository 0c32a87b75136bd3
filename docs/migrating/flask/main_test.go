package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/internal/peers"
	"github.com/gosessions/sessions/serializer"
)

const secret = "b2f1c06e1f4c4d0e8a7b5d9c3e6f7a81" // of nothing

// browser has cookies, which it returns.
func browser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{
		Jar:           jar,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// serve puts handler on the network, where cookies can be Secure.
func serve(t *testing.T, handler http.Handler) *httptest.Server {
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	return server
}

// behind returns a Flask application as its visitors see it: through handler.
func behind(t *testing.T, options peers.FlaskOptions, handler func(flask *url.URL) http.Handler) *peers.App {
	flask := peers.Flask(t, options)
	address, err := url.Parse(flask.URL)
	if err != nil {
		t.Fatal(err)
	}
	app := *flask
	app.URL = serve(t, handler(address)).URL
	return &app
}

func want(t *testing.T, answer *peers.Answer, i int, want any) {
	t.Helper()
	got, err := answer.Value(i)
	if tuple, ok := want.(serializer.Tuple); ok {
		if other, ok := got.(serializer.Tuple); ok && len(other) == len(tuple) {
			return
		}
	}
	if err != nil || got != want {
		t.Errorf("Flask has %v, %v, want %v", got, err, want)
	}
}

func post(t *testing.T, client *http.Client, address string, form url.Values) *http.Response {
	t.Helper()
	response, err := client.PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response
}

func get(t *testing.T, client *http.Client, address string) string {
	t.Helper()
	response, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", address, response.StatusCode, err)
	}
	return string(body)
}

var options = peers.FlaskOptions{Secret: secret, Login: true, Config: map[string]any{
	"SESSION_COOKIE_SECURE": true, "SESSION_COOKIE_SAMESITE": "Lax",
}}

// TestShared: both sides see one session, and what Go does not know survives
// it.
func TestShared(t *testing.T) {
	mw, err := shared(secret)
	if err != nil {
		t.Fatal(err)
	}
	app := behind(t, options, func(flask *url.URL) http.Handler { return routes(mw, flask) })
	b := browser(t)

	if r := post(t, b, app.URL+"/cart", url.Values{"item": {"tea"}}); r.Header.Get("Location") != "/login?next=/cart" {
		t.Errorf("a stranger is sent to %q, want the login of Flask", r.Header.Get("Location"))
	}
	app.MustDo(b, peers.Login("7"), peers.Set("size", serializer.Tuple{int64(1), "m"}), peers.Set("cart", map[string]any{"tea": 1}))
	post(t, b, app.URL+"/cart", url.Values{"item": {"tea"}})
	if got := get(t, b, app.URL+"/cart"); got != "tea: **\n" {
		t.Errorf("Go shows %q, want two teas", got)
	}
	answer := app.MustDo(b, peers.User(), peers.Get("size"), peers.Flashes(), peers.Get("_fresh"))
	want(t, answer, 0, "7")
	want(t, answer, 1, serializer.Tuple{int64(1), "m"})
	if got := answer.Results[2].String(); !strings.Contains(got, "tea is in your cart") {
		t.Errorf("Flask flashes %s, want the message from Go", got)
	}
	want(t, answer, 3, true)

	app.MustDo(b, peers.Logout())
	if r := post(t, b, app.URL+"/cart", url.Values{"item": {"tea"}}); !strings.HasPrefix(r.Header.Get("Location"), "/login") {
		t.Errorf("after the logout in Flask Go answers %q", r.Header.Get("Location"))
	}
	app.MustDo(b, peers.Login("7"))
	post(t, b, app.URL+"/logout", nil)
	want(t, app.MustDo(b, peers.User()), 0, nil)
}

// TestLogIn: a login in Go is one to Flask-Login, and a fresh one.
func TestLogIn(t *testing.T) {
	mw, err := shared(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, protection := range []string{"basic", "strong"} {
		o := options
		o.Config = map[string]any{"SESSION_PROTECTION": protection}
		app := behind(t, o, func(flask *url.URL) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/", routes(mw, flask))
			mux.Handle("/login", mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				session, err := sessions.Load(r.Context())
				if err == nil {
					err = logIn(session, r, "7")
				}
				if err != nil {
					t.Error(err)
				}
			})))
			return mux
		})
		for _, agent := range []string{"Mozilla/5.0", "", "none", "it's", `say "hi"`, `it's "hi"`, `a\b`, "caf\xe9", "caf\xc3\xa9", "a\tb"} {
			b := browser(t)
			b.Transport = &withAgent{b.Transport, agent}
			get(t, b, app.URL+"/login")
			answer := app.MustDo(b, peers.User(), peers.Get("_fresh"))
			want(t, answer, 0, "7")
			want(t, answer, 1, true)
		}
	}
}

// withAgent sends a User-Agent, or none if that is "none".
type withAgent struct {
	http.RoundTripper
	agent string
}

func (a *withAgent) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Header["User-Agent"] = []string{a.agent}; a.agent == "none" {
		r.Header["User-Agent"] = nil
	}
	return a.RoundTripper.RoundTrip(r)
}

// TestLeft: sessions move to Go's store with their types. A copy of the old
// cookie stays good after the logout.
func TestLeft(t *testing.T) {
	before, err := shared(secret)
	if err != nil {
		t.Fatal(err)
	}
	after, err := left(memory.New(nil), secret)
	if err != nil {
		t.Fatal(err)
	}
	app := behind(t, options, func(flask *url.URL) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/", routes(before, flask))
		moved := http.NewServeMux()
		moved.HandleFunc("GET /after/cart", showCart)
		moved.HandleFunc("POST /after/logout", logOut)
		moved.HandleFunc("GET /after/size", func(w http.ResponseWriter, r *http.Request) {
			session, err := sessions.Load(r.Context())
			if err != nil {
				t.Error(err)
				return
			}
			size, err := session.Get("size")
			if _, ok := size.(serializer.Tuple); !ok {
				t.Errorf("size is %T, %v, want a tuple", size, err)
			}
		})
		mux.Handle("/after/", after.Handler(moved))
		return mux
	})
	b := browser(t)
	app.MustDo(b, peers.Login("7"), peers.Set("size", serializer.Tuple{int64(1), "m"}), peers.Set("cart", map[string]any{"tea": 1}))
	site, _ := url.Parse(app.URL)
	thief := browser(t)
	thief.Jar.SetCookies(site, b.Jar.Cookies(site))

	if got := get(t, b, app.URL+"/after/cart"); got != "tea: *\n" {
		t.Errorf("after the move Go shows %q, want the tea", got)
	}
	get(t, b, app.URL+"/after/size")
	if cookies := b.Jar.Cookies(site); len(cookies) != 1 || cookies[0].Name != "__Host-session" {
		t.Errorf("the cookies are %v, want only the new one", cookies)
	}
	post(t, b, app.URL+"/after/logout", nil)
	if got := get(t, b, app.URL+"/after/cart"); got != "" {
		t.Errorf("after the logout Go shows %q, want nothing", got)
	}
	if got := get(t, thief, app.URL+"/after/cart"); got != "tea: *\n" {
		t.Errorf("a copied cookie shows %q: if it is nothing, README.md promises too little", got)
	}
}

// TestLeaving: while a release goes out, a visitor meets instances of both, and
// stays who she is.
func TestLeaving(t *testing.T) {
	store := memory.New(nil)
	instances := map[string]func(sessions.Backend, string, ...string) (*sessions.Middleware, error){"/old/": leaving, "/new/": left}
	mux := http.NewServeMux()
	for path, instance := range instances {
		mw, err := instance(store, secret)
		if err != nil {
			t.Fatal(err)
		}
		mux.Handle(path, mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, err := sessions.Load(r.Context())
			if err != nil {
				t.Error(err)
				return
			}
			if r.FormValue("item") != "" {
				err = cart.Set(session, map[string]int{r.FormValue("item"): 1})
			} else {
				showCart(w, r)
			}
			if err != nil {
				t.Error(err)
			}
		})))
	}
	server := serve(t, mux)
	b := browser(t)
	post(t, b, server.URL+"/old/", url.Values{"item": {"tea"}})
	for _, path := range []string{"/new/", "/old/", "/old/", "/new/", "/new/", "/old/"} {
		if got := get(t, b, server.URL+path); got != "tea: *\n" {
			t.Errorf("%s shows %q, want the tea", path, got)
		}
	}
	post(t, b, server.URL+"/new/", url.Values{"item": {"milk"}})
	if got := get(t, b, server.URL+"/old/"); got != "milk: *\n" {
		t.Errorf("the old release shows %q, want what the new one has stored", got)
	}
}
