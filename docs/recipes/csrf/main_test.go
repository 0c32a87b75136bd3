package main

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// A visitor is a browser at one of the three sites.
type visitor struct {
	t    *testing.T
	site *httptest.Server
}

func visit(t *testing.T, protect func(*sessions.Middleware) http.Handler) visitor {
	t.Helper()
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewTLSServer(protect(mw))
	t.Cleanup(site.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	site.Client().Jar = jar
	site.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return visitor{t, site}
}

var token = regexp.MustCompile(`name="csrf_token" value="([^"]*)"`)

// page returns the page and the token in its form.
func (v visitor) page() (text, inForm string) {
	v.t.Helper()
	response, err := v.site.Client().Get(v.site.URL)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	match := token.FindSubmatch(data)
	if match == nil {
		v.t.Fatalf("status %d, no form: %s", response.StatusCode, data)
	}
	return string(data), html.UnescapeString(string(match[1]))
}

// post sends a form as a page of the given origin would.
func (v visitor) post(path, origin string, values url.Values) int {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), "POST", v.site.URL+path, strings.NewReader(values.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", origin)
	r.Header.Set("Referer", origin+"/")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if origin == v.site.URL {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	response, err := v.site.Client().Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// TestForms: the site's own forms work, before and after a login, and those of
// another site change nothing.
func TestForms(t *testing.T) {
	key := []byte(strings.Repeat("k", 32))
	for name, protect := range map[string]func(*sessions.Middleware) http.Handler{
		"net/http": byOrigin,
		"nosurf":   byNosurf,
		"gorilla":  func(mw *sessions.Middleware) http.Handler { return byGorilla(mw, key) },
	} {
		t.Run(name, func(t *testing.T) {
			v := visit(t, protect)
			_, first := v.page()
			if got := v.post("/name", v.site.URL, url.Values{"name": {"Ada"}, "csrf_token": {first}}); got != http.StatusSeeOther {
				t.Errorf("own form: status %d, want 303", got)
			}
			if got := v.post("/login", v.site.URL, url.Values{"user": {"ada"}, "csrf_token": {first}}); got != http.StatusSeeOther {
				t.Errorf("login: status %d, want 303", got)
			}
			_, later := v.page()
			if got := v.post("/name", v.site.URL, url.Values{"name": {"Ada L."}, "csrf_token": {later}}); got != http.StatusSeeOther {
				t.Errorf("own form after the login: status %d, want 303", got)
			}
			if got := v.post("/name", "https://evil.example", url.Values{"name": {"Eve"}, "csrf_token": {later}}); got < 400 {
				t.Errorf("another site's form: status %d, want a refusal", got)
			}
			if text, _ := v.page(); !strings.Contains(text, "Hello Ada L.") {
				t.Errorf("the page is %s, want the visitor's own name", text)
			}
			if name == "net/http" {
				return
			}
			if got := v.post("/name", v.site.URL, url.Values{"name": {"Eve"}}); got < 400 {
				t.Errorf("a form without the token: status %d, want a refusal", got)
			}
		})
	}
}

// TestTokenOfBeforeTheLogin: nosurf's token from before the login is refused
// afterwards.
func TestTokenOfBeforeTheLogin(t *testing.T) {
	v := visit(t, byNosurf)
	_, first := v.page()
	v.post("/login", v.site.URL, url.Values{"user": {"ada"}, "csrf_token": {first}})
	if got := v.post("/name", v.site.URL, url.Values{"name": {"Eve"}, "csrf_token": {first}}); got < 400 {
		t.Errorf("status %d, want a refusal", got)
	}
}
