package sessions_test

import (
	"fmt"
	"net/http"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/cookie"
	"github.com/gosessions/sessions/backends/memory"
)

// A site moves from Flask's cookies to a server-side store without logging anyone
// out: each session moves with the next request of its visitor.
func ExampleSource() {
	flask := cookie.New(cookie.Flask("the application's SECRET_KEY, 32 bytes or more"))
	before, _ := sessions.New(flask, nil)
	after, _ := sessions.New(memory.New(nil), &sessions.Config{
		Sources: []sessions.Source{{Backend: flask}},
	})

	cookies := visit(before, nil, func(r *http.Request, s *sessions.Session) error { return s.Set("user", "ada") })
	fmt.Println(cookies[0].Name)

	cookies = visit(after, cookies, func(r *http.Request, s *sessions.Session) error { return nil })
	for _, c := range cookies {
		fmt.Println(c.Name, "deleted:", c.MaxAge < 0)
	}
	visit(after, cookies[1:], func(r *http.Request, s *sessions.Session) error {
		user, err := s.Get("user")
		fmt.Println(user)
		return err
	})
	// Output:
	// session
	// session deleted: true
	// __Host-session deleted: false
	// ada
}
