package sessions_test

import (
	"fmt"
	"net/http"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
)

// A page lists a user's devices, and a button logs all others out.
func Example_logoutEverywhere() {
	mw, _ := sessions.New(memory.New(nil), &sessions.Config{
		Require: []backends.Ability{backends.CanSubjects},
	})
	login := func(device string) func(*http.Request, *sessions.Session) error {
		return func(r *http.Request, s *sessions.Session) error {
			if err := s.SetLabel(device); err != nil {
				return err
			}
			return s.SetSubject("ada")
		}
	}
	phone, laptop := visit(mw, nil, login("phone")), visit(mw, nil, login("laptop"))

	visit(mw, phone, func(r *http.Request, s *sessions.Session) error {
		devices, err := mw.List(r.Context(), s.Subject())
		if err != nil {
			return err
		}
		for _, d := range devices {
			if d.PublicID == s.PublicID() {
				fmt.Println("this is the", d.Label, "of", len(devices), "devices")
			}
		}
		n, err := mw.RevokeOthers(r.Context(), s)
		fmt.Println("logged out:", n)
		return err
	})
	visit(mw, laptop, func(r *http.Request, s *sessions.Session) error {
		fmt.Printf("laptop: %q\n", s.Subject())
		return nil
	})
	// Output:
	// this is the phone of 2 devices
	// logged out: 1
	// laptop: ""
}
