package memory_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/sessionstest"
)

// Sessions in memory end with the process. With MaxSessions a flood of new visitors
// cannot use up the memory, and those who have a session keep it.
func ExampleNew() {
	mw, err := sessions.New(memory.New(&memory.Options{MaxSessions: 2}), nil)
	if err != nil {
		log.Fatal(err)
	}
	const visits sessions.Key[int] = "visits"
	handler := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		n, err := visits.Update(session, func(n int) (int, error) { return n + 1, nil })
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		fmt.Fprintf(w, "visit %d", n)
	}))

	visit := func(who string, visitor *sessionstest.Visitor) {
		response := visitor.Do(handler, httptest.NewRequest("GET", "https://example.com/", nil))
		fmt.Println(who, response.Code)
	}
	ada, bob, eve := sessionstest.NewVisitor(mw), sessionstest.NewVisitor(mw), sessionstest.NewVisitor(mw)
	visit("ada", ada)
	visit("bob", bob)
	visit("eve", eve)
	visit("ada", ada)
	// Output:
	// ada 200
	// bob 200
	// eve 503
	// ada 200
}
