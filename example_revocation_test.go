package sessions_test

import (
	"fmt"
	"net/http"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// Sessions that live in their cookies, and end all the same: a small store
// remembers what has ended.
func Example_revocation() {
	store := memory.New(nil) // redis or postgres, if there are several instances
	const key = "b4UcPqHk7tZsWm2xYd9rLg6vNa3jEo8fTiKpRuCzQlShMwXyV5G0"
	mw, err := sessions.New(cookie.Revocable(cookie.Encrypted(key), store, nil), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	login := func(r *http.Request, s *sessions.Session) error { return s.SetSubject("ada") }
	phone, laptop := visit(mw, nil, login), visit(mw, nil, login)
	show := func(name string, cookies []*http.Cookie) {
		visit(mw, cookies, func(r *http.Request, s *sessions.Session) error {
			fmt.Printf("%s: %q\n", name, s.Subject())
			return nil
		})
	}

	visit(mw, phone, func(r *http.Request, s *sessions.Session) error {
		_, err := mw.RevokeOthers(r.Context(), s)
		return err
	})
	show("phone", phone)
	show("laptop", laptop)

	visit(mw, phone, func(r *http.Request, s *sessions.Session) error { return s.Destroy(r.Context()) })
	show("a copy of the phone's cookie", phone)
	// Output:
	// phone: "ada"
	// laptop: ""
	// a copy of the phone's cookie: ""
}
