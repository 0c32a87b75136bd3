package sessions_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// forBoth serves apps below /api/ with tokens in headers, and browsers elsewhere with
// cookies. Both have their sessions in backend.
func forBoth(backend sessions.Backend, api, pages http.Handler) (http.Handler, error) {
	apps, err := sessions.New(backend, &sessions.Config{Transport: sessions.Bearer()})
	if err != nil {
		return nil, err
	}
	browsers, err := sessions.New(backend, nil)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", apps.Handler(api))
	mux.Handle("/", browsers.Handler(pages))
	return mux, nil
}

// An app gets its first token in the header of the response that stored its session,
// as a rule that of the login, and sends it with every request. Whenever a response has
// the header, the app keeps the new token instead.
func ExampleBearer() {
	login := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err == nil && r.URL.Path == "/api/login" {
			err = session.RegenerateID()
			if err == nil {
				err = session.SetSubject("ada")
			}
		}
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		fmt.Fprintf(w, "subject %q", session.Subject())
	})
	site, err := forBoth(memory.New(nil), login, http.NotFoundHandler())
	if err != nil {
		fmt.Println(err)
		return
	}
	response := httptest.NewRecorder()
	site.ServeHTTP(response, httptest.NewRequest("POST", "/api/login", nil))
	scheme, token, _ := strings.Cut(response.Header().Get("Authorization"), " ")
	fmt.Println(scheme, len(token))

	request := httptest.NewRequest("GET", "/api/me", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	response = httptest.NewRecorder()
	site.ServeHTTP(response, request)
	fmt.Println(response.Body, "- new token:", response.Header().Get("Authorization") != "")
	// Output:
	// Bearer 43
	// subject "ada" - new token: false
}

// TestForBoth: a user's list of devices has the sessions of apps and of browsers, and
// neither accepts a token of the other.
func TestForBoth(t *testing.T) {
	backend := memory.New(nil)
	login := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		check(t, err)
		if r.Method == "POST" {
			check(t, session.SetSubject("ada"))
		}
		fmt.Fprint(w, session.Subject())
	})
	site, err := forBoth(backend, login, login)
	if err != nil {
		t.Fatal(err)
	}
	do := func(r *http.Request) *http.Response {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		return w.Result()
	}
	bearer := do(httptest.NewRequest("POST", "/api/login", nil)).Header.Get("Authorization")
	cookie := do(httptest.NewRequest("POST", "/login", nil)).Cookies()[0]
	mw := newMiddleware(t, backend, nil)
	if devices, err := mw.List(t.Context(), "ada"); err != nil || len(devices) != 2 {
		t.Errorf("%d devices, %v, want 2", len(devices), err)
	}
	tests := []struct {
		name, path, bearer, cookie, want string
	}{
		{"the app's", "/api/", bearer, "", "ada"},
		{"the browser's", "/", "", cookie.Value, "ada"},
		{"the app's as a cookie", "/", "", strings.TrimPrefix(bearer, "Bearer "), ""},
		{"the browser's in a header", "/api/", "Bearer " + cookie.Value, "", ""},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", tt.path, nil)
		if tt.bearer != "" {
			r.Header.Set("Authorization", tt.bearer)
		}
		if tt.cookie != "" {
			r.AddCookie(&http.Cookie{Name: cookie.Name, Value: tt.cookie})
		}
		if got := body(do(r)); got != tt.want {
			t.Errorf("%s: subject %q, want %q", tt.name, got, tt.want)
		}
	}
}

// exposing lets scripts of the page at origin read new tokens. A real site uses a
// package for CORS.
func exposing(origin string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") == origin {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Expose-Headers", "Authorization")
			w.Header().Set("Access-Control-Allow-Headers", "Authorization")
			w.Header().Add("Vary", "Origin")
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// One handler serves browsers and apps: who comes with a token gets the next one in
// the same way, and who comes without one gets a cookie. The CORS middleware is
// outside, because a preflight request needs no session.
func ExampleChain() {
	mw, _ := sessions.New(memory.New(nil), &sessions.Config{
		Transport: sessions.Chain(sessions.Cookie{}, sessions.Bearer()),
	})
	renew := exposing("https://app.example", mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err == nil {
			err = session.RegenerateID()
		}
		if err == nil {
			err = session.Set("user", "ada")
		}
		if err != nil {
			sessions.Error(w, r, err)
		}
	})))
	first := httptest.NewRecorder()
	renew.ServeHTTP(first, httptest.NewRequest("POST", "/", nil))
	cookie := first.Result().Cookies()[0]
	fmt.Println("first:", cookie.Name)

	request := httptest.NewRequest("POST", "/", nil)
	request.Header.Set("Authorization", "Bearer "+cookie.Value)
	request.Header.Set("Origin", "https://app.example")
	next := httptest.NewRecorder()
	renew.ServeHTTP(next, request)
	scheme, _, _ := strings.Cut(next.Header().Get("Authorization"), " ")
	fmt.Println("next:", scheme, "- cookies:", len(next.Result().Cookies()), "- exposed:", next.Header().Get("Access-Control-Expose-Headers"))
	// Output:
	// first: __Host-session
	// next: Bearer - cookies: 0 - exposed: Authorization
}
