package sessions_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/sessionstest"
)

const seen sessions.Key[int] = "seen"

// news streams two events. After the first byte the session can be changed by
// Transact only.
func news(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for n := range 2 {
		fmt.Fprintf(w, "data: news %d\n\n", n+1)
		err := session.Transact(r.Context(), func(s *sessions.Session) error {
			_, err := seen.Update(s, func(n int) (int, error) { return n + 1, nil })
			return err
		})
		if err != nil { // the session has ended, for example
			return
		}
	}
}

// A stream counts what the visitor has seen.
func ExampleSession_Transact() {
	mw, _ := sessions.New(memory.New(nil), nil)
	visitor := sessionstest.NewVisitor(mw)
	_ = visitor.Session(func(s *sessions.Session) error { return s.SetSubject("ada") })
	visitor.Do(mw.Handler(http.HandlerFunc(news)), httptest.NewRequest("GET", "/news", nil))
	_ = visitor.Session(func(s *sessions.Session) error {
		n, err := seen.Get(s)
		fmt.Println("seen:", n)
		return err
	})
	// Output: seen: 2
}

// An administrator changes the role in all of a user's sessions, without a request of
// the user.
func ExampleMiddleware_Transact() {
	mw, _ := sessions.New(memory.New(nil), nil)
	visitor := sessionstest.NewVisitor(mw)
	_ = visitor.Session(func(s *sessions.Session) error { return s.SetSubject("ada") })

	ctx := context.Background()
	devices, err := mw.List(ctx, "ada")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range devices {
		if err := mw.Transact(ctx, "ada", d.PublicID, func(s *sessions.Session) error { return s.Set("role", "editor") }); err != nil {
			fmt.Println(err)
		}
	}
	_ = visitor.Session(func(s *sessions.Session) error {
		role, err := s.Get("role")
		fmt.Println("role:", role)
		return err
	})
	// Output: role: editor
}
