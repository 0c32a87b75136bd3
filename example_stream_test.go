package sessions_test

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/sessionstest"
)

var orderPage = template.Must(template.New("").Parse(`{{range .Messages}}{{.Category}}: {{.Message}}
{{end}}{{range .Lines}}{{.}}
{{end}}`))

func orderHandler(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.Load(r.Context())
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	messages, err := session.Flashes() // before the template writes
	if err != nil {
		sessions.Error(w, r, err)
		return
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for i := range 3 {
			select {
			case lines <- fmt.Sprint("line ", i+1):
			case <-r.Context().Done():
				return
			}
		}
	}()
	// The template writes to w as it goes. An error comes too late for another page.
	_ = orderPage.Execute(w, struct {
		Messages []sessions.Flash
		Lines    <-chan string
	}{messages, lines})
}

// A template that streams gets the messages before it begins. If it took them itself,
// the response would have begun, and they would be shown again on the next page.
func ExampleSession_Flashes() {
	mw, _ := sessions.New(memory.New(nil), nil)
	visitor := sessionstest.NewVisitor(mw)
	_ = visitor.Session(func(s *sessions.Session) error { return s.Flash("success", "Your order was placed.") })
	for range 2 {
		fmt.Print(visitor.Do(mw.Handler(http.HandlerFunc(orderHandler)), httptest.NewRequest("GET", "/", nil)).Body)
	}
	// Output:
	// success: Your order was placed.
	// line 1
	// line 2
	// line 3
	// line 1
	// line 2
	// line 3
}
