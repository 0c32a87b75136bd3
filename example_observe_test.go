package sessions_test

import (
	"context"
	"expvar"
	"fmt"
	"net/http"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

// Observe counts events, here for package expvar. Module otelsessions does it for
// OpenTelemetry.
func Example_metrics() {
	var events expvar.Map // in a program: expvar.NewMap("sessions")
	mw, _ := sessions.New(memory.New(nil), &sessions.Config{
		Observe: func(_ context.Context, e sessions.Event) { events.Add(string(e.Kind), 1) },
	})
	cookies := visit(mw, nil, func(r *http.Request, s *sessions.Session) error { return s.Set("user", "ada") })
	visit(mw, cookies, func(r *http.Request, s *sessions.Session) error { return s.RegenerateID() })
	visit(mw, cookies, func(r *http.Request, s *sessions.Session) error { return nil }) // with the old token
	fmt.Println(&events)
	// Output: {"created": 1, "loaded": 1, "regenerated": 1, "retired": 1}
}
