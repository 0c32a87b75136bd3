package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"github.com/gosessions/sessions/backends/redis"
	"github.com/gosessions/sessions/internal/services"
)

// start runs the application with a provider, and returns a browser that visits it.
func start(t *testing.T, mode string) (*browser, *provider) {
	t.Helper()
	backend, err := redis.Open(services.Redis(t), &redis.Options{Prefix: t.Name() + ":"})
	if err != nil {
		t.Fatal(err)
	}
	p := newProvider(t)
	var app http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { app.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	app, err = application(t.Context(), backend, oauth2.Config{
		ClientID: clientID, ClientSecret: clientSecret, RedirectURL: server.URL + "/login/callback", Scopes: []string{"openid"},
	}, p.URL, oauth2.SetAuthURLParam("response_mode", mode))
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, site: server.URL, cookies: map[string]*http.Cookie{}}, p
}

// A browser keeps the cookies of one site, and sends them as SameSite asks.
type browser struct {
	t       *testing.T
	site    string
	cookies map[string]*http.Cookie
}

// get asks for a page of the site, as a link on any site does.
func (b *browser) get(path string) *http.Response { return b.send("GET", path, nil) }

// send sends a request from another site.
func (b *browser) send(method, path string, form url.Values) *http.Response {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.site+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range b.cookies {
		if method == "GET" || c.SameSite == http.SameSiteNoneMode {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = response.Body.Close() })
	for _, c := range response.Cookies() {
		if b.cookies[c.Name] = c; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return response
}

// authorize begins a login, lets the provider agree, and returns the request by
// which the browser comes back.
func (b *browser) authorize(next string) (method string, form url.Values) {
	b.t.Helper()
	begun := b.get("/login?next=" + url.QueryEscape(next))
	if begun.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("begin: status %d", begun.StatusCode)
	}
	request, err := http.NewRequestWithContext(b.t.Context(), "GET", begun.Header.Get("Location"), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusSeeOther {
		back, err := url.Parse(response.Header.Get("Location"))
		if err != nil {
			b.t.Fatal(err)
		}
		return "GET", back.Query()
	}
	if err := json.NewDecoder(response.Body).Decode(&form); err != nil {
		b.t.Fatal(err)
	}
	return "POST", form
}

// callback sends the browser back to the application.
func (b *browser) callback(method string, form url.Values) *http.Response {
	b.t.Helper()
	if method == "GET" {
		return b.send("GET", "/login/callback?"+form.Encode(), nil)
	}
	return b.send("POST", "/login/callback", form)
}

func (b *browser) text(path string) string {
	b.t.Helper()
	text, err := io.ReadAll(b.get(path).Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// TestLogin: a visitor logs in, keeps the cart and gets a new ID; and a callback
// works only once.
func TestLogin(t *testing.T) {
	for _, mode := range []string{"query", "form_post"} {
		t.Run(mode, func(t *testing.T) {
			b, _ := start(t, mode)
			b.text("/?buy=tea")
			before := b.cookies["__Host-session"].Value

			method, form := b.authorize("/?from=login")
			if want := map[string]string{"query": "GET", "form_post": "POST"}[mode]; method != want {
				t.Fatalf("the browser comes back by %s, want %s", method, want)
			}
			back := b.callback(method, form)
			if back.StatusCode != http.StatusSeeOther || back.Header.Get("Location") != "/login/done" {
				t.Fatalf("callback: status %d, location %q", back.StatusCode, back.Header.Get("Location"))
			}
			done := b.get("/login/done")
			if got := done.Header.Get("Location"); got != "/?from=login" {
				t.Errorf("after the login the visitor goes to %q", got)
			}
			if got, want := b.text("/"), "subject \"7\", cart \"tea\"\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if b.cookies["__Host-session"].Value == before {
				t.Error("the session keeps its ID over the login")
			}
			if again := b.callback(method, form); again.StatusCode != http.StatusBadRequest {
				t.Errorf("the same callback again: status %d, want 400", again.StatusCode)
			}
		})
	}
}

// TestForgedCallback: a callback with another state is refused, and does not use up
// the visitor's own attempt.
func TestForgedCallback(t *testing.T) {
	b, _ := start(t, "form_post")
	method, form := b.authorize("/")
	if got := b.callback(method, url.Values{"state": {"x"}, "code": form["code"]}).StatusCode; got != http.StatusBadRequest {
		t.Errorf("another state: status %d, want 400", got)
	}
	if got := b.callback(method, form).StatusCode; got != http.StatusSeeOther {
		t.Errorf("the visitor's own callback: status %d, want 303", got)
	}

	other, _ := start(t, "form_post")
	if got := other.callback(method, form).StatusCode; got != http.StatusBadRequest {
		t.Errorf("in another browser: status %d, want 400", got)
	}
}

// TestNonce: an ID token for another login is refused.
func TestNonce(t *testing.T) {
	b, p := start(t, "query")
	p.nonce = "another"
	method, form := b.authorize("/")
	if got := b.callback(method, form).StatusCode; got != http.StatusForbidden {
		t.Errorf("status %d, want 403", got)
	}
}

// TestConcurrentCallbacks: of several requests with the same callback one gets
// further.
func TestConcurrentCallbacks(t *testing.T) {
	b, _ := start(t, "query")
	_, form := b.authorize("/")
	login := b.cookies["__Host-login"]
	var wg sync.WaitGroup
	got := make([]int, 8)
	for i := range got {
		one := &browser{t: t, site: b.site, cookies: map[string]*http.Cookie{login.Name: login}}
		wg.Go(func() { got[i] = one.callback("GET", form).StatusCode })
	}
	wg.Wait()
	further := 0
	for _, status := range got {
		switch status {
		case http.StatusSeeOther:
			further++
		case http.StatusBadRequest, http.StatusConflict:
		default:
			t.Errorf("status %d", status)
		}
	}
	if further != 1 {
		t.Errorf("%d of %v got further, want 1", further, got)
	}
}

// TestLocalPath: the page after the login is one of this site.
func TestLocalPath(t *testing.T) {
	for path, want := range map[string]string{
		"/cart?x=1": "/cart?x=1", "": "/", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example": "/",
	} {
		if got := localPath(path); got != want {
			t.Errorf("localPath(%q) = %q, want %q", path, got, want)
		}
	}
}
