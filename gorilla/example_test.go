package gorilla_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/gorilla"
	"github.com/gosessions/sessions/sessionstest"
)

// A handler of gorilla's works unchanged. Only the store is another one, and the
// middleware wraps everything.
func Example() {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	store := gorilla.NewStore([]any{"user"}, nil)

	handler := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := store.Get(r, "app")
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		visits, _ := session.Values["visits"].(int)
		session.Values["visits"] = visits + 1
		if err := session.Save(r, w); err != nil {
			sessions.Error(w, r, err)
			return
		}
		fmt.Fprintf(w, "visit %d", visits+1)
	}))

	visitor := sessionstest.NewVisitor(mw)
	for range 2 {
		fmt.Println(visitor.Do(handler, httptest.NewRequest("GET", "https://example.com/", nil)).Body)
	}
	// Output:
	// visit 1
	// visit 2
}
