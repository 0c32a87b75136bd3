package sqlite_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/sqlite"
)

const visits sessions.Key[int] = "visits"

// Sessions in a file are there again after a restart.
func Example() {
	dir, err := os.MkdirTemp("", "sessions")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	var cookies []*http.Cookie
	for range 3 { // the program starts three times
		backend, err := sqlite.Open(filepath.Join(dir, "sessions.db"), nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		mw, err := sessions.New(backend, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
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

		r := httptest.NewRequest("GET", "https://example.com/", nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		cookies = append(cookies, w.Result().Cookies()...)
		fmt.Println(w.Body)
		if err := backend.Close(); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// visit 1
	// visit 2
	// visit 3
}
