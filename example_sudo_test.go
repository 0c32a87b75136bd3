package sessions_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
	"github.com/gosessions/sessions/sessionstest"
)

// confirmed is when the visitor last entered the password.
const confirmed sessions.Key[time.Time] = "confirmed"

// sudo lets a request through if the visitor has entered the password in the last
// ten minutes, and otherwise asks for it.
func sudo(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		at, err := confirmed.Get(session)
		if err != nil {
			sessions.Error(w, r, err)
			return
		}
		if time.Since(at) > 10*time.Minute {
			http.Redirect(w, r, "/confirm?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// confirm is called when the password was right.
func confirm(session *sessions.Session) error {
	if err := session.RegenerateID(); err != nil { // the visitor's rights grow
		return err
	}
	return confirmed.Set(session, time.Now())
}

// A page that matters asks for the password again if the last check was long ago.
func Example_sudoMode() {
	mw, _ := sessions.New(memory.New(nil), nil)
	page := mw.Handler(sudo(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "the keys")
	})))
	visitor := sessionstest.NewVisitor(mw)
	response := visitor.Do(page, httptest.NewRequest("GET", "/keys?all=1", nil))
	fmt.Println(response.Code, response.Header().Get("Location"))

	_ = visitor.Session(confirm)
	response = visitor.Do(page, httptest.NewRequest("GET", "/keys?all=1", nil))
	fmt.Println(response.Code, response.Body)
	// Output:
	// 303 /confirm?next=%2Fkeys%3Fall%3D1
	// 200 the keys
}

// TestSudoMode: the password counts for ten minutes, and gives the session a new ID.
func TestSudoMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mw := newMiddleware(t, memory.New(nil), nil)
		page := mw.Handler(sudo(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
		visitor := sessionstest.NewVisitor(mw)
		var before, after string
		check(t, visitor.Session(func(s *sessions.Session) error {
			before = s.PublicID()
			return user.Set(s, "ada")
		}))
		check(t, visitor.Session(confirm))
		check(t, visitor.Session(func(s *sessions.Session) error {
			after = s.PublicID()
			return nil
		}))
		if before == after {
			t.Error("the session keeps its ID")
		}
		for _, want := range []int{http.StatusOK, http.StatusSeeOther} {
			if got := visitor.Do(page, httptest.NewRequest("GET", "/", nil)).Code; got != want {
				t.Errorf("status %d, want %d", got, want)
			}
			time.Sleep(11 * time.Minute)
		}
	})
}
