package sessions_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// tenants gives each tenant a middleware and a cookie of its own. All share backend.
type tenants struct {
	backend sessions.Backend
	app     http.Handler
	known   func(tenant string) bool
	of      sync.Map // a tenant to its http.Handler
}

// ServeHTTP serves /t/TENANT/…: a visitor may be logged in at several tenants.
func (ts *tenants) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tenant, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/t/"), "/")
	if !ts.known(tenant) {
		http.NotFound(w, r)
		return
	}
	handler, found := ts.of.Load(tenant)
	if !found {
		mw, err := sessions.New(ts.backend, &sessions.Config{
			Namespace: "tenant " + tenant, // a token of another tenant leads nowhere
			Transport: sessions.Cookie{Name: "__Secure-" + tenant, Path: "/t/" + tenant + "/"},
		})
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		handler, _ = ts.of.LoadOrStore(tenant, mw.Handler(ts.app))
	}
	handler.(http.Handler).ServeHTTP(w, r)
}

func newTenants() *tenants {
	return &tenants{
		backend: memory.New(nil),
		app:     http.HandlerFunc(home),
		known:   func(tenant string) bool { return tenant == "acme" || tenant == "globex" },
	}
}

// Each tenant has sessions of its own, over one store.
func Example_tenants() {
	site := newTenants()
	for _, path := range []string{"/t/acme/", "/t/globex/", "/t/other/"} {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		for _, c := range w.Result().Cookies() {
			fmt.Println(c.Name, c.Path)
		}
		fmt.Print(w.Body)
	}
	// Output:
	// __Secure-acme /t/acme/
	// visit 1
	// __Secure-globex /t/globex/
	// visit 1
	// 404 page not found
}

// TestTenants: a visitor cannot use a session of one tenant at another by giving the
// cookie another name.
func TestTenants(t *testing.T) {
	site := newTenants()
	ask := func(path, name, value string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		if name != "" {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		return w
	}
	token := ask("/t/acme/", "", "").Result().Cookies()[0].Value
	for _, tt := range []struct{ path, name, want string }{
		{"/t/acme/", "__Secure-acme", "visit 2\n"},
		{"/t/globex/", "__Secure-globex", "visit 1\n"},
		{"/t/acme/", "__Secure-acme", "visit 3\n"},
	} {
		if got := ask(tt.path, tt.name, token).Body.String(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.path, got, tt.want)
		}
	}
}
