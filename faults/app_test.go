package faults_test

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/gosessions/sessions"
)

// answer is what the application's handlers say.
type answer struct {
	User   string         `json:"user"`   // whose session it is; "" if there is none
	Old    int            `json:"old"`    // of a key, before it was set
	N      int            `json:"n"`      // of the counter, after counting
	Values map[string]int `json:"values"` // of all keys
	Mark   string         `json:"mark"`   // always handlerMark
}

// handlerMark stands in everything that a handler says, and so must not stand in
// what is said in its place.
const handlerMark = "said by the handler"

const (
	userKey  sessions.Key[string] = "user"
	countKey sessions.Key[int]    = "n"
)

// application is what runs on every instance.
func application(mw *sessions.Middleware) http.Handler {
	mux := http.NewServeMux()
	handle := func(path string, f func(s *sessions.Session, r *http.Request, a *answer) error) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			a := answer{Mark: handlerMark}
			s, err := sessions.Load(r.Context())
			if err == nil {
				a.User, err = userKey.Get(s)
			}
			if err == nil && (a.User != "" || path == "/login") {
				err = f(s, r, &a)
			}
			if err != nil {
				if s != nil {
					s.Discard() // what Save could not save is not to be tried again
				}
				sessions.Error(w, r, err)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			if a.User == "" {
				w.WriteHeader(http.StatusUnauthorized)
			}
			json.NewEncoder(w).Encode(a)
		})
	}
	handle("/login", func(s *sessions.Session, r *http.Request, a *answer) error {
		a.User = r.FormValue("user")
		if err := s.RegenerateID(); err != nil {
			return err
		}
		if err := s.SetSubject(a.User); err != nil {
			return err
		}
		if size, _ := strconv.Atoi(r.FormValue("size")); size > 0 {
			if err := s.Set("ballast", make([]byte, size)); err != nil {
				return err
			}
		}
		return userKey.Set(s, a.User)
	})
	handle("/all", func(s *sessions.Session, _ *http.Request, a *answer) error {
		a.Values = make(map[string]int)
		for _, key := range s.Keys() {
			if key == string(userKey) || key == "ballast" {
				continue
			}
			n, err := sessions.Key[int](key).Get(s)
			if err != nil {
				return err
			}
			a.Values[key] = n
		}
		return nil
	})
	handle("/set", func(s *sessions.Session, r *http.Request, a *answer) error {
		key := sessions.Key[int](r.FormValue("key"))
		value, err := strconv.Atoi(r.FormValue("value"))
		if err == nil {
			a.Old, err = key.Get(s)
		}
		if err == nil {
			err = key.Set(s, value)
		}
		return err
	})
	handle("/count", func(s *sessions.Session, r *http.Request, a *answer) error {
		_, err := countKey.Update(s, func(n int) (int, error) { return n + 1, nil })
		if err == nil {
			err = s.Save(r.Context())
		}
		if err == nil {
			a.N, err = countKey.Get(s)
		}
		return err
	})
	handle("/rotate", func(s *sessions.Session, _ *http.Request, _ *answer) error { return s.RegenerateID() })
	handle("/logout", func(s *sessions.Session, r *http.Request, _ *answer) error { return s.Destroy(r.Context()) })
	return mw.Handler(mux)
}
