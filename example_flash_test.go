package sessions_test

import (
	"fmt"
	"net/http"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// A message is added on one page and shown on the next, once.
func ExampleSession_Flash() {
	mw, _ := sessions.New(memory.New(nil), nil)
	cookies := visit(mw, nil, func(r *http.Request, s *sessions.Session) error {
		return s.Flash("success", "Your order was placed.")
	})
	show := func(r *http.Request, s *sessions.Session) error {
		flashes, err := s.Flashes()
		for _, f := range flashes {
			fmt.Println(f.Category+":", f.Message)
		}
		return err
	}
	visit(mw, cookies, show)
	visit(mw, cookies, show)
	// Output: success: Your order was placed.
}
