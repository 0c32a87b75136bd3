package sessions_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// visit runs handler with a session as one request of a browser would, and
// returns the cookies that the browser has afterwards.
func visit(mw *sessions.Middleware, cookies []*http.Cookie, handler func(r *http.Request, s *sessions.Session) error) []*http.Cookie {
	h := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err == nil {
			err = handler(r, session)
		}
		if err != nil {
			sessions.Error(w, r, err)
		}
	}))
	r := httptest.NewRequest("GET", "/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if set := w.Result().Cookies(); len(set) > 0 {
		return set
	}
	return cookies
}

// A login gives the session a new ID, so that no one who knows the old one is logged
// in too, and an owner, so that it can be listed and revoked.
func Example_login() {
	mw, _ := sessions.New(memory.New(nil), nil)

	cookies := visit(mw, nil, func(r *http.Request, s *sessions.Session) error {
		return s.Set("cart", []string{"tea"})
	})
	before := cookies[0].Value

	cookies = visit(mw, cookies, func(r *http.Request, s *sessions.Session) error {
		if err := s.RegenerateID(); err != nil {
			return err
		}
		if err := s.SetSubject("ada"); err != nil {
			return err
		}
		return s.SetPersistent(r.FormValue("remember") != "")
	})
	fmt.Println("new token:", cookies[0].Value != before)

	visit(mw, cookies, func(r *http.Request, s *sessions.Session) error {
		cart, err := s.Get("cart")
		fmt.Println(s.Subject(), "has", cart)
		return err
	})
	// Output:
	// new token: true
	// ada has [tea]
}

// A logout ends the session on the server at once, also for requests that are under
// way.
func Example_logout() {
	backend := memory.New(nil)
	mw, _ := sessions.New(backend, nil)
	cookies := visit(mw, nil, func(r *http.Request, s *sessions.Session) error { return s.Set("user", "ada") })

	answer := visit(mw, cookies, func(r *http.Request, s *sessions.Session) error { return s.Destroy(r.Context()) })
	fmt.Println("cookie deleted:", answer[0].MaxAge < 0)

	visit(mw, cookies, func(r *http.Request, s *sessions.Session) error { // with a copy of the cookie
		fmt.Println("user:", s.Has("user"))
		return nil
	})
	// Output:
	// cookie deleted: true
	// user: false
}
