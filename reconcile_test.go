package sessions_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gosessions/sessions"
	"github.com/gosessions/sessions/backends/memory"
)

func TestR3_NoLostUpdate(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), nil)
	c := start(t, mw, routes{
		"/keys": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			for k := range 20 {
				check(t, s.Set(fmt.Sprint(r.URL.Query().Get("i"), "-", k), k))
			}
		},
		"/count": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			_, err := visits.Update(s, func(n int) (int, error) { return n + 1, nil })
			check(t, err)
		},
		"/all": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			n, err := visits.Get(s)
			check(t, err)
			fmt.Fprint(w, s.Len(), " ", n)
		},
	})
	request := func(path string) {
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, c.request(path))
		if w.Code != 200 {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	together(50, func(i int) { request(fmt.Sprint("/keys?i=", i)) })
	together(50, func(int) { request("/count") })
	if got, want := body(c.get("/all")), "1002 50"; got != want {
		t.Errorf("keys and count: got %s, want %s", got, want)
	}
}

func TestR3_StrictRefusesEveryConflict(t *testing.T) {
	mw := newMiddleware(t, memory.New(nil), &sessions.Config{RefuseConflicts: true})
	c := start(t, mw, routes{
		"/outer": func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
			check(t, s.Set("a", 1))
			w2 := httptest.NewRecorder()
			r2 := httptest.NewRequest("GET", "/inner", nil)
			r2.Header = r.Header
			mw.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s, err := sessions.Load(r.Context())
				check(t, err)
				check(t, s.Set("b", 1))
			})).ServeHTTP(w2, r2)
		},
	})
	if response := c.get("/outer"); response.StatusCode != http.StatusConflict {
		t.Errorf("status: got %d, want 409", response.StatusCode)
	}
}
