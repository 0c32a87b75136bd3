package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// With Autoload handlers below /account/ find their session loaded. If that fails,
// they do not run, and the client gets 503.
func ExamplePaths() {
	down := false
	backend := backends.Intercept(memory.New(nil), func(ctx context.Context, op backends.Op, next func(context.Context) error) error {
		if down {
			return errors.New("the store is down")
		}
		return next(ctx)
	})
	mw, _ := sessions.New(backend, &sessions.Config{Autoload: sessions.Paths("/account/")})
	handler := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, loaded := sessions.FromContext(r.Context())
		fmt.Println(r.URL.Path, loaded)
		if loaded {
			_ = session.Set("user", "ada")
		}
	}))
	request := httptest.NewRequest("GET", "/account/orders", nil)
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/about", nil))

	down = true
	request.AddCookie(response.Result().Cookies()[0])
	response = httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	fmt.Println(response.Code)
	// Output:
	// /account/orders true
	// /about false
	// 503
}
