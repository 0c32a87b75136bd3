package sessionstest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/sessionstest"
)

// A handler is tested with a visitor: give it a session, let it visit, and look
// at what it got.
func ExampleVisitor() {
	const cart sessions.Key[[]string] = "cart"
	add := func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		items, err := cart.Update(session, func(items []string) ([]string, error) {
			return append(items, r.FormValue("item")), nil
		})
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		fmt.Fprintf(w, "%d items", len(items))
	}

	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	visitor := sessionstest.NewVisitor(mw)
	err = visitor.Session(func(s *sessions.Session) error {
		return cart.Set(s, []string{"tea"})
	})
	fmt.Println("given:", err)

	response := visitor.Do(mw.Handler(http.HandlerFunc(add)), httptest.NewRequest("POST", "/?item=milk", nil))
	fmt.Println("answer:", response.Body)

	err = visitor.Session(func(s *sessions.Session) error {
		items, err := cart.Get(s)
		fmt.Println("stored:", items)
		return err
	})
	fmt.Println("seen:", err)
	// Output:
	// given: <nil>
	// answer: 2 items
	// stored: [tea milk]
	// seen: <nil>
}

// A backend that fails on command shows what an application does then.
func ExampleFaulty() {
	faulty := sessionstest.NewFaulty(1)
	backend := backends.Intercept(memory.New(nil), faulty.Intercept)
	mw, err := sessions.New(backend, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	app := mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		if err := session.Set("color", "green"); err != nil {
			sessions.Error(w, r, err)
			return
		}
		fmt.Fprint(w, "saved")
	}))
	visit := func() int {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		return w.Code
	}
	fmt.Println("working:", visit())
	faulty.Set(sessionstest.Faults{Before: 1})
	fmt.Println("failing:", visit())
	// Output:
	// working: 200
	// failing: 503
}
