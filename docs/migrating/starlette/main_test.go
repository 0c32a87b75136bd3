package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/internal/peers"
)

const secret = "b2f1c06e1f4c4d0e8a7b5d9c3e6f7a81" // of nothing

// behind returns a Starlette application as its visitors see it: through
// handler; and a browser.
func behind(t *testing.T, config map[string]any, handler func(starlette *url.URL) http.Handler) (*peers.App, *http.Client) {
	starlette := peers.Starlette(t, peers.StarletteOptions{Secret: secret, Config: config})
	address, err := url.Parse(starlette.URL)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(handler(address))
	t.Cleanup(server.Close)
	app := *starlette
	app.URL = server.URL
	browser := server.Client()
	if browser.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	return &app, browser
}

// do makes a request and returns the body.
func do(t *testing.T, browser *http.Client, method, address, body string, status int) string {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		t.Fatalf("%s %s: status %d, %v, want %d", method, address, response.StatusCode, err, status)
	}
	return string(text)
}

// TestShared: both sides see one session.
func TestShared(t *testing.T) {
	mw, err := shared(secret)
	if err != nil {
		t.Fatal(err)
	}
	app, browser := behind(t, map[string]any{"https_only": true}, func(starlette *url.URL) http.Handler { return routes(mw, starlette) })

	app.MustDo(browser, peers.Set("user", 7), peers.Set("settings", map[string]any{"language": "de", "dark": true}))
	if got := do(t, browser, http.MethodGet, app.URL+"/api/settings", "", http.StatusOK); got != `{"language":"de","dark":true}`+"\n" {
		t.Errorf("Go reads %s", got)
	}
	do(t, browser, http.MethodPut, app.URL+"/api/settings", `{"language":"fr"}`, http.StatusNoContent)
	answer := app.MustDo(browser, peers.Get("user"), peers.Get("settings"))
	if got, want := answer.Results[0].String(), `{"t":"int","v":"7"}`; got != want {
		t.Errorf("Starlette reads %s, want %s", got, want)
	}
	if got, want := answer.Results[1].String(), `{"t":"dict","v":[["language",{"t":"str","v":"fr"}],["dark",{"t":"bool","v":false}]]}`; got != want {
		t.Errorf("Starlette reads %s, want %s", got, want)
	}
	app.MustDo(browser, peers.Clear())
	if got := do(t, browser, http.MethodGet, app.URL+"/api/settings", "", http.StatusOK); got != `{"language":"","dark":false}`+"\n" {
		t.Errorf("after the session was cleared Go reads %s", got)
	}
}

// TestLeft: sessions move to Go's store.
func TestLeft(t *testing.T) {
	before, err := shared(secret)
	if err != nil {
		t.Fatal(err)
	}
	after, err := left(memory.New(nil), secret)
	if err != nil {
		t.Fatal(err)
	}
	app, browser := behind(t, map[string]any{"https_only": true}, func(starlette *url.URL) http.Handler {
		moved := http.NewServeMux()
		moved.HandleFunc("GET /after/settings", showSettings)
		mux := http.NewServeMux()
		mux.Handle("/", routes(before, starlette))
		mux.Handle("/after/", after.Handler(moved))
		return mux
	})
	app.MustDo(browser, peers.Set("settings", map[string]any{"language": "de", "dark": true}))
	for range 2 {
		if got := do(t, browser, http.MethodGet, app.URL+"/after/settings", "", http.StatusOK); got != `{"language":"de","dark":true}`+"\n" {
			t.Errorf("after the move Go reads %s", got)
		}
	}
	site, _ := url.Parse(app.URL)
	if cookies := browser.Jar.Cookies(site); len(cookies) != 1 || cookies[0].Name != "__Host-session" {
		t.Errorf("the cookies are %v, want only the new one", cookies)
	}
}
