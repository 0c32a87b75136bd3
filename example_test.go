package sessions_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

const visits sessions.Key[int] = "visits"

func home(w http.ResponseWriter, r *http.Request) {
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
	fmt.Fprintf(w, "visit %d\n", n)
}

// This is the program of the README. One browser visits it twice.
func Example() {
	mw, err := sessions.New(memory.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	handler := mw.Handler(http.HandlerFunc(home))

	request := httptest.NewRequest("GET", "/", nil)
	for range 2 {
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		fmt.Print(response.Body)
		for _, cookie := range response.Result().Cookies() {
			request.AddCookie(cookie)
		}
	}
	// Output:
	// visit 1
	// visit 2
}

// TestReadmeShowsTheExample: the README's program is the one above.
func TestReadmeShowsTheExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, handler, _ := strings.Cut(string(source), "func home(")
	handler, _, _ = strings.Cut(handler, "\n}\n")
	if !strings.Contains(string(readme), "func home("+handler+"\n}\n") {
		t.Error("README.md shows another program than example_test.go")
	}
}
